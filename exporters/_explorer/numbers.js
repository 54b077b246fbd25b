// Settings -> numbers. Numbers come from SUMS; nothing here knows what anything costs.
const TIMES = ["tpot", "ttft", "step_time"];
const NUMBERS = [...TIMES, "peak", "flops", "traffic", "communication", "activations", "cache", "states", "params"];
const MANY = 2 ** 40; // devices that a link without bound joins
let data, state;

const machine = () => data.machines.find((one) => one.name === state.machine);
const model = () => data.models.find((one) => one.name === state.model);
const training = () => state.phase === "train";
const inside = () => machine().links.filter((one) => one.name !== "network");
const network = () => machine().links.find((one) => one.name === "network");

// --- which plan ------------------------------------------------------------------------------------------------------

const degree = (name) => state.sizes[name] ?? 1;
const piped = () => degree("P") !== 1;
function axesOn() { // on an axis of one device nothing moves; a pipeline takes its batch in parts as it is
  return data.axes.filter(({ symbol }) => degree(symbol) !== 1 && (symbol !== "M" || (training() && !piped())));
}
const chosen = (axis) => (axis.option in state && state[axis.option] in axis.choices ? state[axis.option] : Object.keys(axis.choices)[0]);
const typed = (axis) => (training() ? axis.choices[chosen(axis)] : axis.serving);
const mesh = () => axesOn().map(typed).join(", ");
const devices = () => product(data.axes.map(({ symbol }) => (symbol === "M" ? 1 : degree(symbol))));
const microbatches = () => (piped() || axesOn().some((one) => one.symbol === "M") ? degree("M") : 1);
const parts = () => product(data.axes.filter((one) => one.batch && one.symbol !== "M").map(({ symbol }) => degree(symbol))) * microbatches();
const key = () => `${state.phase}/${mesh()}/${training() ? state.replay : "none"}`;

class NoForms extends RangeError {}
class Unevenly extends RangeError {}
class NoNumber extends RangeError {}
class Broken extends RangeError { // what forms take for granted and sizes do not keep
  constructor(claims) {
    super(claims.join("; "));
    this.claims = claims;
  }
}
function scenario() {
  const found = data.scenarios.find((one) => one.key === key());
  if (!found) throw new NoForms(`This page has no forms of ${[mesh() || "one device", training() && state.replay !== "none" ? "recomputation" : ""].filter(Boolean).join(" with ")}`);
  return found;
}

// --- what it costs ---------------------------------------------------------------------------------------------------

function paged() { // whether a page of these axes alone would have forms, and numbers at these degrees
  const on = axesOn().filter(({ symbol }) => symbol !== "M"), { n_link, n_node } = links();
  const even = ({ symbol, kind }, i) => [n_link, n_node].every((joins) => {
    const apart = product(on.slice(i + 1).map((one) => degree(one.symbol)));
    return (kind === "data" && !training()) || evenly(devices(), joins, apart, degree(symbol), Math.min(degree(symbol), Math.max(1, joins / apart)));
  });
  return on.every(({ symbol }) => data.scenarios.some((one) => one.axes.includes(symbol))) && on.every(even);
}
function rates() {
  return { lambda_flops: machine().rates[state.dtype], lambda_mem: machine().bandwidth };
}
function links() { // a machine that lacks one sends nothing there
  const [first, node] = inside(), joins = (one) => one.joins ?? MANY;
  const near = first ? joins(first) : 1;
  return {
    lambda_comms: first?.rate ?? 1, lambda_node: node?.rate ?? 1, lambda_net: network()?.rate ?? 1,
    n_link: near, n_node: node ? joins(node) : near,
  };
}
let used, round = 0; // the sizes that stand in SUMS, and how often others were put in
const known = [], since = []; // values of sums, and of which round
function use(sizes, found) {
  if (used === sizes) return;
  used = undefined;
  const told = broken(sizes, found);
  if (told.length) throw new Broken(told);
  for (const number of found.defined) DEFINED[number]();
  if (!found.even.every((number) => EVEN[number]())) throw new Unevenly("Groups of devices lie unevenly over what links join");
  [used, round] = [sizes, round + 1];
}
function broken(sizes, found) {
  for (const name of found.used) SIZES[name]?.(sizes[name]);
  return found.claims.map((number) => CLAIMS[number]).filter(([, holds]) => !holds()).map(([text]) => text);
}
function brokenAlone() { // by each axis alone, where no forms are of all of them
  const sizes = { ...state.sizes, ...rates(), ...links() }, named = (key) => data.scenarios.find((one) => one.key === key);
  const alone = (axis) => named(`${state.phase}/${typed(axis)}/none`) ?? data.scenarios.find((one) => one.phase === state.phase && `${one.axes}` === axis.symbol);
  const told = axesOn().map(alone).filter(Boolean).flatMap((one) => broken(sizes, one)).filter((claim) => !claim.endsWith(" | B"));
  const cut = data.axes.filter((one) => one.symbol !== "M" && one.batch && degree(one.symbol) > 1).map((one) => one.symbol);
  if (state.sizes.B % parts()) told.push(`${[...cut, ...(microbatches() > 1 ? ["M"] : [])].join("*")} | B`);
  return [...new Set(told)];
}
function sum(number) { // arms of a maximum have most of their sums in common
  if (since[number] !== round) [known[number], since[number]] = [SUMS[number](), round];
  return known[number];
}
function answers(changed = {}, names = NUMBERS) {
  const told = Object.keys(data.symbols).map(wrong).filter(Boolean);
  if (told.length) throw new NoNumber(told.join("; "));
  const found = scenario(), sizes = { ...state.sizes, ...rates(), ...links(), ...changed };
  const at = (number) => (use(sizes, found), sum(number));
  use(sizes, found);
  const forms = {};
  for (const form of found.forms.filter((one) => names.includes(one.name))) {
    const arms = form.arms.map((arm) => (missing(arm) ? 0 : total(arm.parts.map((part) => at(part[1])))));
    if (!arms.every(Number.isFinite)) throw new NoNumber("These sizes make numbers that are larger than a browser holds");
    const largest = arms.indexOf(Math.max(...arms));
    forms[form.name] = { form, arms, value: arms[largest], arm: form.arms[largest], largest };
  }
  const time = forms[TIMES.find((one) => one in forms)];
  const unknown = !network() && time?.form.arms.some((arm, i) => time.arms[i] > 0 && resource(arm) === "network");
  return { found, at, forms, unknown };
}
function termsOf({ found }, form, arm) { // an arm has what it has and the one before has not, or the other way round
  if (arm.rows) return arm.rows;
  const there = new Set(), of = (row) => (form.name === "peak" ? PARTS.indexOf(row[2]) : 0);
  for (const one of form.arms.slice(0, form.arms.indexOf(arm) + 1)) for (const term of one.terms) there.delete(term) || there.add(term);
  return (arm.rows = [...there].sort((a, b) => a - b).map((term) => data.terms[found.terms[term]]).sort((a, b) => of(a) - of(b)));
}
function answered(use) { // nothing where settings have no answer, which the page says already
  let now;
  try {
    now = answers();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return;
  }
  use(now);
}

// --- times -----------------------------------------------------------------------------------------------------------

const resource = (arm) => arm.at.split(", ").pop();
const missing = (arm) => stage(arm) === "middle stage" && degree("P") === 2;
const outdone = ({ form, arms }, i) => form.arms.some((one, j) => one.at === form.arms[i].at && (arms[j] > arms[i] || (arms[j] === arms[i] && j < i))); // sizes decide how long a stage is idle
const stage = (arm) => (/^.* stage\b/.exec(arm.at.split(", ")[0]) ?? [""])[0];
function called(name) { // a resource by what the machine calls it
  return name === "link" ? inside()[0]?.name ?? name : name === "link in the node" ? inside()[1]?.name ?? name : name;
}
const kind = (axes) => axes.split("-").map((symbol) => data.axes.find((one) => one.symbol === symbol)?.kind ?? symbol).join(" and ");
function timed(now) { // the resources of all stages, and of a link what goes over it by axes
  const name = TIMES.find((one) => one in now.forms);
  const { form, arms } = now.forms[name];
  const known = form.arms.map((arm, i) => ({
    arm, less: outdone(now.forms[name], i), at: [stage(arm), called(resource(arm))].filter(Boolean).join(", "), stage: stage(arm), resource: resource(arm), seconds: arms[i],
    parts: arm.parts.map(([axes, number]) => ({ axes, number, seconds: now.at(number) })).filter((one) => one.seconds > 0),
  })).filter((one) => one.seconds > 0 && !one.less && !(now.unknown && one.resource === "network"));
  const longest = known.reduce((most, one) => (one.seconds > most.seconds ? one : most));
  return { name, form, known, value: longest.seconds, longest };
}
