// What is copied: a number again, as LaTeX, as Python and as a command.
async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // pages of files may not, everywhere
    const area = make("textarea", { text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  speak(`${what} copied`);
}
const quoted = (text) => (/^[\w.,=/:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
const ownName = () => (data.models[0].name === state.model ? data.typed : state.model);
function lastHead(name) { // as engines serve it: logits of the last position alone
  return name.endsWith(")") ? `${name.slice(0, -1)}, head=last)` : `${name}(head=last)`;
}
function limits(names) { // what is not the model's own
  const own = model().sizes;
  const kept = Object.entries(state.sizes).filter(([letter, size]) => own[letter] !== size && names.includes(letter));
  return kept.map(([letter, size]) => `${letter}=${size}`).join(",");
}
function asked(now, name) { // as Python's `derive` takes it
  return {
    model: now.found.last ? lastHead(ownName()) : ownName(), phase: state.phase, ...(mesh() ? { mesh: mesh() } : {}), ...replayed(),
    ...(now.found.attention === "flash" ? { attention: "flash" } : {}), ...data.options, limit: limits(now.found.used),
  };
}
const staged = () => !data.scenarios.some((one) => one.axes.includes("P")); // layers of kinds that no open P divides
function spread() {
  const along = staged() ? mesh().replace(/^pipeline(?:\(([^)]*)\))?/, (_, told) => `pipeline(${[degree("P"), told].filter(Boolean).join(", ")})`) : mesh();
  return copied() ? along.replace(/tensor(?:\(([^)]*)\))?/, (_, told) => `tensor(${told ? `${told}, ` : ""}replicate_kv=True)`) : along;
}
function onMachine() { // as Python's `estimate` takes it, which knows nodes and networks, whatever forms this page has
  const parallel = [...axesOn().map((one) => one.symbol).filter((one) => one !== "P" || !staged()), ...(piped() ? ["M", "v"] : [])];
  const names = Object.keys(state.sizes).filter((name) => !ofMesh().includes(name) || parallel.includes(name));
  const width = state.sizes.p === data.itemsizes[state.dtype] ? names.filter((name) => name !== "p") : names;
  return {
    model: ownName(), hardware: state.machine, dtype: state.dtype, phase: state.phase, ...(mesh() ? { mesh: spread() } : {}), ...replayed(),
    ...data.options, limit: limits(width.filter((name) => name !== "v" || mesh().includes("v=v"))),
  };
}
const replayed = () => (training() && state.replay !== "none" ? { passes: `recompute(${state.replay})` } : {});
const FLAGS = { passes: "--pass", cache_dtype: "--cache-dtype" };
const flags = (options) => Object.entries(options).map(([option, value]) => `${FLAGS[option] ?? `--${option}`} ${quoted(value)}`).join(" ");
const keywords = (options) => Object.entries(options).map(([option, value]) => `${option}=${JSON.stringify(value)}`).join(", ");
function copied() { // heads of keys and values, of which there are fewer than devices
  const { A, G } = state.sizes, T = degree("T");
  return T > G && T % G === 0 && A % T === 0;
}
function estimated(claim) { // what `estimate` does without: unequal layers, copied heads, each chunk once where there are as many microbatches as stages
  const stages = degree("P") * (/v=v/.test(mesh()) ? degree("v") : 1);
  if (claim === "2*P <= M") return degree("M") >= degree("P");
  return claim === "T | G" ? copied() : /^P(\*v)? \| L$/.test(claim) && stages <= state.sizes.L;
}
const estimate = () => `costgraph estimate ${flags(onMachine())}`;
function ownPage() { // a page along these axes
  const { model: name, hardware, phase, limit, passes, mesh: along, ...rest } = onMachine();
  return `costgraph explore ${flags({ model: name, hardware, phase, ...(along ? { mesh: along } : {}), ...rest, limit })} -o page.html`;
}
const command = (now, name) => (TIMES.includes(name) ? `${estimate()} --json` : `costgraph derive ${name} ${flags(asked(now, name))}`);
function program(now, name) {
  const lines = TIMES.includes(name)
    ? [`found = cg.estimate(${keywords(onMachine())})`, "print(float(found.least))"]
    : [`found = cg.derive("${name}", ${keywords(asked(now, name))})`, `print(found.limited["${name}"])`];
  return ["import costgraph as cg", "", ...lines, ""].join("\n");
}
function latex(now, name) {
  const { form, arms } = now.forms[name];
  const every = form.arms.filter((_, i) => arms[i] !== 0).map((arm) => arm.parts.map((part) => data.formulas[part[1]][1]).join(" + "));
  const sums = [...new Set(every)]; // stages that have the same are one arm
  const word = name.replaceAll("_", "\\_");
  const whole = `\\mathrm{${word}} = ${sums.length > 1 ? `\\max\\left(${sums.join(", ")}\\right)` : sums[0]}`;
  const told = definedIn(now, [whole], 1).map((number) => data.definitions[number][1]);
  const counts = Object.entries(data.rates).filter(([letter, { tex }]) => letter.startsWith("n_") && told.some((one) => one.includes(tex)));
  return [whole, ...told, ...counts.map(([letter, { tex }]) => `${tex} = ${links()[letter]}`)].join(", \\quad ");
}
