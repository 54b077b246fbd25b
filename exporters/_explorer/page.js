"use strict";
// The page: settings -> numbers -> what is shown. Numbers come from SUMS; nothing here knows what anything costs.
const $ = (id) => document.getElementById(id);
const DOUBLING = { B: 14, S: 20, T: 6, N_d: 12 }; // sliders of powers of two, up to this one
const NAMES = {
  peak: "Peak memory of a device", states: "What rests of the parameters", params: "Parameters on a device",
  flops: "FLOPs of a step", traffic: "Memory traffic, each op by itself", communication: "Sent by a device",
  cache: "Cache", activations: "Saved for the backward pass", tpot: "Time per token, at least",
  ttft: "Time to first token, at least", step_time: "Time of a step, at least",
};
const PHASES = { decode: "decode: one more token", prefill: "prefill: reading the prompt", train: "training step" };
const REPLAYS = { none: "nothing", full: "every layer" };
const TIMES = ["tpot", "ttft", "step_time"];
let data, state, shown, charts = [], speaking;

// --- small pieces ----------------------------------------------------------------------------------------------------

function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name === "html") element.innerHTML = value; // formulas alone, which costgraph wrote
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...inside);
  return element;
}
const math = (inside) => make("span", { class: "math", html: `<math><mstyle displaystyle="true">${inside}</mstyle></math>` });
const option = (value, text, chosen) => make("option", { value, text, selected: value === chosen });
const total = (numbers) => numbers.reduce((sum, one) => sum + one, 0);

const SCALES = {
  byte: [1024, ["byte", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]],
  FLOP: [1000, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP", "ZFLOP", "YFLOP"]],
  "FLOP/s": [1000, ["FLOP/s", "kFLOP/s", "MFLOP/s", "GFLOP/s", "TFLOP/s", "PFLOP/s", "EFLOP/s"]],
  s: [1000, ["ns", "µs", "ms", "s"]],
  "": [1000, ["", "thousand", "million", "billion", "trillion"]],
};
function said(value, unit) {
  if (unit.startsWith("byte ")) return `${said(value, "byte")}${unit.slice(4)}`; // such as byte sent per device
  const [base, names] = SCALES[unit] || SCALES[""];
  let amount = unit === "s" ? value * 1e9 : value, at = 0;
  while (amount >= base && at < names.length - 1) [amount, at] = [amount / base, at + 1];
  const digits = amount !== 0 && amount < 1000 ? Number(amount.toPrecision(4)) : Math.round(amount);
  return `${digits.toLocaleString("en")} ${names[at]}`.trim() + (unit in SCALES || at ? "" : ` ${unit}`);
}
const exactly = (value, unit) =>
  Number.isInteger(value) && value < 2 ** 53 ? `${value.toLocaleString("en").replaceAll(",", " ")} ${unit}` : `${value} ${unit}`;
const percent = (share) => (share > 0 && share < 1e-4 ? "< 0.01 %" : `${Number((100 * share).toPrecision(3))} %`);

// --- numbers ---------------------------------------------------------------------------------------------------------

const machine = () => data.machines.find((one) => one.name === state.machine);
const scenario = (key) => data.scenarios.find((one) => one.key === key);
function key() {
  const spread = ["N_d", "T"].filter((name) => state.sizes[name] !== 1); // on an axis of one device nothing moves
  const training = state.phase === "train", stage = training && state.sizes.N_d !== 1 ? state.stage : 0;
  return `${state.phase}/${spread}/${stage}/${training ? state.replay : "none"}`;
}
function rates() {
  const { rates, bandwidth, link } = machine();
  return { lambda_flops: rates[state.dtype], lambda_mem: bandwidth, lambda_comms: link ?? 1 };
}
let used; // the sizes that stand in SUMS
function use(sizes, found) {
  if (used === sizes) return;
  used = undefined;
  for (const name of found.used) SIZES[name]?.(sizes[name]);
  for (const [text, holds] of found.claims.map((number) => CLAIMS[number])) if (!holds()) throw new RangeError(`${text} does not hold`);
  used = sizes;
}
function answers(changed = {}) {
  const found = scenario(key()), sizes = { ...state.sizes, ...rates(), ...changed };
  const at = (number) => (use(sizes, found), SUMS[number]());
  use(sizes, found);
  const forms = {};
  for (const form of found.forms) {
    const arms = form.arms.map((arm) => total(arm.parts.map((part) => at(part[1]))));
    const largest = arms.indexOf(Math.max(...arms));
    forms[form.name] = { form, arms, value: arms[largest], arm: form.arms[largest], largest };
  }
  const unknown = machine().link === null && forms.communication.value > 0; // no link is stated, and something is sent
  return { found, at, forms, unknown };
}
function timed(now) {
  const name = TIMES.find((one) => one in now.forms);
  const { form, arms } = now.forms[name];
  const known = form.arms.map((arm, i) => [arm.at, arms[i]]).filter(([at]) => !(now.unknown && at === "link"));
  const value = Math.max(...known.map((one) => one[1]));
  return { name, known, value, by: known.find((one) => one[1] === value)[0] };
}

// --- settings --------------------------------------------------------------------------------------------------------

function field(label, control, note = "") {
  return make("p", { class: "field" }, make("label", { for: control.id, text: label }), control, note);
}
function select(id, label, options, change) {
  const control = make("select", { id, onchange: () => (change(control.value), update()) }, ...options);
  return field(label, control);
}
function buildSettings() {
  const train = data.scenarios.some((one) => one.phase === "train");
  const phases = Object.keys(PHASES).filter((name) => data.scenarios.some((one) => one.phase === name));
  $("choices").append(
    select("model", "Model", data.models.map((one) => option(one.name, one.title)), chooseModel),
    select("phase", "Phase", phases.map((name) => option(name, PHASES[name])), (name) => (state.phase = name)),
    select("machine", "Machine", data.machines.map((one) => option(one.name, one.title)), chooseMachine),
    select("dtype", "Data type", [], chooseType),
  );
  if (train) {
    const stages = [0, 1, 2, 3].map((one) => option(String(one), one ? `stage ${one}` : "off"));
    const replays = Object.entries(REPLAYS).map(([name, text]) => option(name, text));
    const rows = [
      select("stage", "ZeRO over N_d", stages, (one) => (state.stage = Number(one))),
      select("replay", "Recompute", replays, (one) => (state.replay = one)),
    ];
    for (const row of rows) row.classList.add("training");
    $("choices").append(...rows);
  }
  for (const name of Object.keys(data.symbols)) (name in DOUBLING ? $("load") : $("widths")).append(sizeField(name));
  buildOthers();
  $("share").addEventListener("click", () => copy(location.href.split("#")[0] + "#" + fragment(), "link"));
  $("reset").addEventListener("click", () => ((state = first()), update()));
  $("settings").addEventListener("submit", (event) => event.preventDefault());
}
function sizeField(name) {
  const { math: letter, meaning, unit, domain } = data.symbols[name];
  const whole = domain === "positive integer";
  const number = make("input", {
    type: "number", id: `size-${name}`, min: whole ? 1 : 0, step: whole ? 1 : "any", inputmode: "decimal",
    oninput: () => ((state.sizes[name] = number.value === "" ? NaN : Number(number.value)), update()),
  });
  const label = make("label", { for: number.id }, math(letter), make("span", { text: ` ${meaning}${unit ? `, ${unit}` : ""}` }));
  const row = make("p", { class: "field size", "data-size": name }, label, number);
  if (whole) row.append(slider(name, number, meaning));
  return row;
}
function slider(name, number, meaning) {
  const doubling = name in DOUBLING;
  const largest = Math.max(...data.models.map((one) => one.sizes[name] ?? 0), data.first.sizes[name]);
  const step = doubling ? 1 : largest >= 65536 ? 1024 : largest >= 1024 ? 128 : 1;
  const range = doubling ? [0, DOUBLING[name]] : [step, Math.ceil((largest * 1.25) / step) * step];
  const control = make("input", {
    type: "range", id: `slide-${name}`, min: range[0], max: range[1], step, "aria-label": `${name}: ${meaning}`,
    oninput: () => {
      number.value = state.sizes[name] = doubling ? 2 ** Number(control.value) : Number(control.value);
      update();
    },
  });
  return control;
}
function chooseModel(name) {
  const found = data.models.find((one) => one.name === name);
  state.model = name;
  for (const [letter, size] of Object.entries(found.sizes)) if (letter in data.symbols && letter !== "p") state.sizes[letter] = size;
}
function chooseMachine(name) {
  state.machine = name;
  if (!(state.dtype in machine().rates)) chooseType(machine().dtype);
}
function chooseType(name) {
  state.dtype = name;
  if ("p" in data.symbols) state.sizes.p = data.itemsizes[name];
}
function buildOthers() {
  const command = make("code", { class: "command" });
  const say = (name) => (command.textContent = `costgraph explore --model ${name} --hardware ${state.machine} -o page.html`);
  const control = make("select", { id: "other", onchange: () => say(control.value) }, ...data.others.map((name) => option(name, name)));
  say(data.others[0] ?? "NAME");
  $("others").append(
    make("p", { class: "quiet", text: "Their layers are of other ops, so they have a page of their own:" }),
    field("Model", control), command, button("Copy", () => copy(command.textContent, "command")),
  );
}
function showSettings() {
  for (const name of ["model", "phase", "machine", "stage", "replay"]) if ($(name)) $(name).value = String(state[name]);
  const types = Object.keys(machine().rates).map((name) => option(name, `${name}, ${said(machine().rates[name], "FLOP/s")}`, state.dtype));
  $("dtype").replaceChildren(...types);
  for (const row of document.querySelectorAll(".training")) row.hidden = state.phase !== "train";
  for (const name of Object.keys(data.symbols)) {
    const number = $(`size-${name}`), control = $(`slide-${name}`), size = state.sizes[name];
    if (document.activeElement !== number) number.value = size;
    if (!control || !(size > 0)) continue;
    control.value = name in DOUBLING ? Math.round(Math.log2(size)) : size;
    control.setAttribute("aria-valuetext", String(size));
  }
}

// --- the state in the link -------------------------------------------------------------------------------------------

const CHOSEN = ["model", "phase", "machine", "dtype", "stage", "replay"];
const first = () => ({ stage: 0, replay: "none", ...data.first, sizes: { ...data.first.sizes } });
function fragment() {
  const parts = new URLSearchParams(CHOSEN.map((name) => [name, state[name]]));
  for (const [name, size] of Object.entries(state.sizes)) parts.set(name, size);
  return parts.toString();
}
function fromFragment() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const known = {
    model: data.models.map((one) => one.name), machine: data.machines.map((one) => one.name),
    phase: data.scenarios.map((one) => one.phase), stage: ["0", "1", "2", "3"], replay: Object.keys(REPLAYS),
  };
  state = first();
  for (const [name, values] of Object.entries(known)) {
    if (!values.includes(parts.get(name))) continue;
    if (name === "model") chooseModel(parts.get(name));
    else state[name] = name === "stage" ? Number(parts.get(name)) : parts.get(name);
  }
  if (parts.get("dtype") in machine().rates) chooseType(parts.get("dtype"));
  else if (!(state.dtype in machine().rates)) chooseType(machine().dtype);
  for (const name of Object.keys(state.sizes)) if (Number(parts.get(name)) > 0) state.sizes[name] = Number(parts.get(name));
}

// --- copying ---------------------------------------------------------------------------------------------------------

const button = (text, onclick, label = text) => make("button", { type: "button", text, "aria-label": label, onclick });
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
function mesh() {
  const stage = state.phase === "train" && state.sizes.N_d > 1 ? state.stage : 0;
  return `data(N_d${stage ? `, zero=${stage}` : ""}), tensor(T)`;
}
function modelTyped(found) {
  const own = data.models[0].name === state.model ? data.typed : state.model;
  if (!found.last) return own;
  return own.endsWith(")") ? `${own.slice(0, -1)}, head=last)` : `${own}(head=last)`;
}
function limits(now, name) {
  const own = data.models.find((one) => one.name === state.model).sizes;
  const asked = [...now.found.used, "N_d", "T"]; // also the degree of an axis of one device, on which nothing depends
  const used = Object.entries(state.sizes).filter(([letter, size]) => own[letter] !== size && asked.includes(letter));
  const known = TIMES.includes(name) ? Object.entries(rates()) : [];
  return [...used, ...known].map(([letter, size]) => `${letter}=${size}`).join(",");
}
function asked(now, name) { // as Python's `derive` takes it
  return {
    model: modelTyped(now.found), phase: state.phase, mesh: mesh(),
    ...(state.phase === "train" && state.replay !== "none" ? { passes: `recompute(${state.replay})` } : {}),
    ...(now.found.attention === "flash" ? { attention: "flash" } : {}), ...data.options, limit: limits(now, name),
  };
}
const FLAGS = { passes: "--pass", cache_dtype: "--cache-dtype" };
function command(now, name) {
  const parts = Object.entries(asked(now, name)).map(([option, value]) => `${FLAGS[option] ?? `--${option}`} ${quoted(value)}`);
  return `costgraph derive ${name} ${parts.join(" ")}`;
}
function program(now, name) {
  const parts = Object.entries(asked(now, name)).map(([option, value]) => `${option}=${JSON.stringify(value)}`);
  return `import costgraph as cg\n\nfound = cg.derive("${name}", ${parts.join(", ")})\nprint(found.limited["${name}"])\n`;
}
function latex(now, name) {
  const { form } = now.forms[name];
  const sums = form.arms.map((arm) => arm.parts.map((part) => data.formulas[part[2]][1]).join(" + "));
  const word = name.replaceAll("_", "\\_");
  return `\\mathrm{${word}} = ${sums.length > 1 ? `\\max\\left(${sums.join(", ")}\\right)` : sums[0]}`;
}

// --- cards: each number with its formula and terms -------------------------------------------------------------------

function buildCards(found) {
  const cards = found.forms.map((form) => {
    const value = make("output", { class: "value", "data-measure": form.name });
    const formula = make("div", { class: "formula", tabindex: 0, "aria-label": `formula of ${form.name}` });
    const terms = make("table", { class: "terms" });
    const details = make("details", { ontoggle: () => details.open && fillTerms(form.name) }, make("summary"), make("div", { class: "scroll" }, terms));
    const copies = [["LaTeX", latex], ["Python", program], ["Command", command]].map(([text, write]) =>
      button(text, () => copy(write(answers(), form.name), text), `copy ${form.name} as ${text}`));
    const head = make("h3", { text: NAMES[form.name] });
    const card = make("article", { class: "card", "aria-label": NAMES[form.name] }, head, value,
      make("span", { class: "exact quiet" }), formula, make("p", { class: "at quiet" }), details,
      make("p", { class: "buttons" }, make("span", { class: "quiet", text: "copy as " }), ...copies));
    return [form.name, { card, value, formula, details, terms, largest: -1 }];
  });
  shown = { key: found.key, phase: found.phase, cards: Object.fromEntries(cards) };
  $("cards").replaceChildren(...cards.map((one) => one[1].card));
  $("definitions").replaceChildren(...found.definitions.map((one) => math(one)));
  $("assumptions").textContent = `For ${found.said}. Takes for granted: ${found.assumptions.join(", ")}.`;
  buildDrawing(data.drawings[found.place]);
}
function showCards(now) {
  for (const [name, one] of Object.entries(shown.cards)) {
    const { form, value, arm, largest, arms } = now.forms[name];
    const unknown = now.unknown && TIMES.includes(name);
    one.value.textContent = unknown ? "not known" : said(value, form.unit);
    one.value.dataset.value = unknown ? "" : value;
    one.card.querySelector(".exact").textContent = unknown ? "this machine states no link" : exactly(value, form.unit);
    if (one.largest !== largest) {
      one.largest = largest;
      showFormula(name, form, largest, one);
      if (one.details.open) fillTerms(name, now);
    } else if (one.details.open) refreshTerms(name, now);
    if (TIMES.includes(name)) arms.forEach((seconds, i) => (one.formula.children[i].querySelector(".amount").textContent = said(seconds, "s")));
    else if (arm.parts.length > 1) arm.parts.forEach((part, i) => (one.formula.children[i].querySelector(".amount").textContent = said(now.at(part[1]), form.unit)));
  }
}
function line(word, formula, chosen = true) {
  return make("div", { class: chosen ? "line" : "line less" }, make("span", { class: "word", text: `${word} ` }),
    make("span", { class: "amount quiet" }), math(`<mo>=</mo>${data.formulas[formula][0]}`));
}
function showFormula(name, form, largest, one) {
  const arm = form.arms[largest];
  const lines = TIMES.includes(name)
    ? form.arms.map((other, i) => line(other.at, other.parts[0][2], i === largest))
    : arm.parts.map(([part, , formula]) => line(part || name, formula));
  one.formula.replaceChildren(...lines);
  const several = form.arms.length > 1;
  const text = TIMES.includes(name) ? `the longest of these; now ${arm.at}` : arm.at && `at ${arm.at}${several ? `: the largest of ${form.arms.length} instants` : ""}`;
  one.card.querySelector(".at").textContent = text || "";
  one.details.querySelector("summary").textContent = `${arm.terms.length} terms`;
}
function fillTerms(name, now = answers()) {
  const { form, arm } = now.forms[name];
  const rows = arm.terms.map((number) => {
    const [op, where, part, result, formula, drawn] = now.found.terms[number];
    return make("tr", { "data-op": drawn || op, "data-result": result, "data-text": `${op}: ${where}` },
      make("th", { scope: "row" }, make("button", { type: "button", class: "op", text: op, title: where })),
      make("td", { class: "amount" }), make("td", { class: "share" }), make("td", { text: part }), make("td", {}, math(data.formulas[formula][0])));
  });
  const head = ["op", form.unit, "share", "part", "term"].map((text) => make("th", { scope: "col", text }));
  shown.cards[name].terms.replaceChildren(make("tr", {}, ...head), ...rows);
  refreshTerms(name, now);
}
function refreshTerms(name, now) {
  const { form, value } = now.forms[name];
  for (const row of shown.cards[name].terms.querySelectorAll("tr[data-result]")) {
    const amount = now.at(Number(row.dataset.result));
    row.querySelector(".amount").textContent = said(amount, form.unit);
    row.querySelector(".share").textContent = percent(amount / value);
  }
}

// --- the drawing -----------------------------------------------------------------------------------------------------

function buildDrawing(stretches) {
  const boxes = stretches.map(({ kind, times, places }) => {
    const inside = places.map(({ name, ops }) => make("div", { class: "place", role: "group", "aria-label": name },
      make("span", { class: "name", text: name }),
      ...ops.map((one, i) => make("button", { type: "button", class: one.reads.includes(ops[i - 1]?.op) ? "op next" : "op", "data-op": one.op,
        "data-reads": one.reads.join(" "), "data-text": `${one.op}: ${one.what}${one.reads.length ? ` of ${one.reads.join(", ")}` : ""}; gives ${one.shape}` },
        make("b", { text: one.short }), make("small", { text: one.what })))));
    const times_ = times ? [make("span", { class: "times" }, `${kind ? `${kind} ` : ""}× `, math(times))] : [];
    return make("div", { class: times ? "stretch loop" : "stretch" }, ...times_, ...inside);
  });
  $("drawing").replaceChildren(...boxes);
}
function point(event) {
  const found = event.target.closest?.("[data-op]");
  if (!found) return;
  lightUp(found.dataset.op, found.dataset.text);
}
function lightUp(op, text) {
  for (const one of document.querySelectorAll(".lit, .feeds")) one.classList.remove("lit", "feeds");
  for (const one of document.querySelectorAll(`[data-op="${CSS.escape(op)}"]`)) one.classList.add("lit");
  const read = document.querySelector(".op.lit[data-reads]")?.dataset.reads.split(" ") ?? [];
  for (const one of document.querySelectorAll("#drawing .op")) one.classList.toggle("feeds", read.includes(one.dataset.op));
  $("pointed").textContent = text;
}

// --- memory and time -------------------------------------------------------------------------------------------------

function showMemory(now) {
  const { value, arm } = now.forms.peak, has = machine().memory, most = Math.max(value, has);
  const parts = arm.parts.map(([part, result]) => [part || "peak", now.at(result)]);
  const fits = value <= has;
  $("verdict").textContent = fits
    ? `Fits: ${said(value, "byte")} of ${said(has, "byte")}; ${said(has - value, "byte")} left for what is not counted.`
    : `Does not fit: needs ${said(value, "byte")}, ${said(value - has, "byte")} more than the ${said(has, "byte")} of ${machine().title}.`;
  $("verdict").className = `verdict ${fits ? "good" : "bad"}`;
  const pieces = parts.map(([part, bytes], i) => make("span", { class: `piece c${i % 8}`, style: `width:${(100 * bytes) / most}%`, title: `${part}: ${said(bytes, "byte")}` }));
  const limit = make("span", { class: "limit", style: `left:${(100 * has) / most}%`, title: `memory of ${machine().title}` });
  $("bar").replaceChildren(...pieces, limit);
  $("bar").setAttribute("aria-label", `${parts.map(([part, bytes]) => `${part} ${said(bytes, "byte")}`).join(", ")}; the device has ${said(has, "byte")}`);
  $("parts").replaceChildren(...parts.map(([part, bytes], i) => make("li", {}, make("span", { class: `dot c${i % 8}` }), `${part} ${said(bytes, "byte")}`)));
}
function showTime(now) {
  const { name, known, value, by } = timed(now);
  $("bound").textContent = `${NAMES[name].replace(", at least", "")}: ${said(value, "s")} or more, bound by ${by}.`;
  const rows = known.map(([at, seconds]) => make("div", { class: "arm" }, make("span", { text: at }),
    make("span", { class: "track" }, make("span", { class: at === by ? "fill most" : "fill", style: `width:${(100 * seconds) / value}%` })),
    make("span", { class: "amount", text: said(seconds, "s") })));
  $("arms").replaceChildren(...rows);
  const devices = state.sizes.N_d * state.sizes.T, { link_name: link, alone, title } = machine();
  const notes = ["A bound that no run beats: each resource at its peak, all at once."];
  if (devices > 1 && link) notes.push(`Everything sent goes over ${link}${alone && devices > alone ? `, although ${devices} devices are more than the ${alone} that it joins` : ""}.`);
  if (now.unknown) notes.push(`${title} states no link, and something is sent: the time on it is not known.`);
  const most = data.models.find((one) => one.name === state.model).sizes.K;
  if (most && state.sizes.S > most) notes.push(`S is beyond the ${most} positions that the model was made for.`);
  if (state.phase === "train" && state.stage && state.sizes.N_d === 1) notes.push("ZeRO has no effect over one device.");
  $("assumed").textContent = notes.join(" ");
}

// --- charts ----------------------------------------------------------------------------------------------------------

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
function sweep(name, sizes, pick) {
  const rows = [];
  for (const size of sizes) {
    try {
      rows.push([size, ...pick(answers({ [name]: size }))]);
    } catch { /* a size that breaks an assumption has no point */ }
  }
  return rows.length ? rows[0].map((_, i) => rows.map((row) => row[i])) : [[], ...pick(answers()).map(() => [])];
}
function around(name, below, above, step = 1) {
  const now = state.sizes[name], found = new Set();
  for (let i = -4 * below; i <= 4 * above; i++) found.add(Math.max(step, Math.round((now * 2 ** (i / 4)) / step) * step));
  return [...found].sort((a, b) => a - b);
}
const CHARTS = [
  {
    id: "memory-chart", x: "S", unit: "byte", names: ["peak", "device"],
    data: () => sweep("S", around("S", 4, 2), (now) => [now.forms.peak.value, machine().memory]),
  },
  {
    id: "time-chart", x: "B", unit: "s", log: true, names: ["compute", "memory", "link"],
    data: () => sweep("B", around("B", 4, 6, state.sizes.N_d), (now) => {
      const known = Object.fromEntries(timed(now).known);
      return ["compute", "memory", "link"].map((at) => known[at] || null);
    }),
  },
  {
    id: "roof-chart", x: "FLOP/byte", unit: "FLOP/s", log: true, names: ["roof", "ops", "whole step"], roof: true,
    data: roofline,
  },
  {
    id: "held-chart", x: "S", unit: "byte", names: ["saved", "weights"], // called by its phase in `buildCharts`
    data: () => sweep("S", around("S", 4, 2), (now) => [(now.forms.cache ?? now.forms.activations).value, now.forms.states.value]),
  },
];
const BINARY = Array.from({ length: 70 }, (_, i) => 2 ** i); // steps of ticks
let roofOps = [];
function roofline() {
  const now = answers(), { lambda_flops: peak, lambda_mem: bandwidth } = rates();
  const roof = (intensity) => Math.min(peak, intensity * bandwidth);
  const done = (form) => {
    const sums = {};
    for (const number of form.arm.terms) {
      const [op, , , result, , drawn] = now.found.terms[number];
      sums[op] = [(sums[op]?.[0] ?? 0) + now.at(result), drawn];
    }
    return sums;
  };
  const flops = done(now.forms.flops), moved = done(now.forms.traffic);
  const points = Object.keys(flops).filter((op) => flops[op][0] > 0 && moved[op]?.[0] > 0)
    .map((op) => ({ x: flops[op][0] / moved[op][0], op, drawn: flops[op][1] }));
  const whole = now.forms.flops.value / now.forms.traffic.value;
  const least = Math.min(1, whole, ...points.map((one) => one.x)) / 2, most = Math.max((4 * peak) / bandwidth, 2 * whole, ...points.map((one) => 2 * one.x));
  const all = [{ x: least }, { x: peak / bandwidth }, { x: most }, { x: whole, whole: true }, ...points].sort((a, b) => a.x - b.x);
  roofOps = all;
  return [all.map((one) => one.x), all.map((one) => roof(one.x)), all.map((one) => (one.op ? roof(one.x) : null)), all.map((one) => (one.whole ? roof(one.x) : null))];
}
function buildCharts() {
  $("held-caption").textContent = `${state.phase === "train" ? "Saved activations" : "Cache"} against context S`;
  for (const { chart, seen } of charts) (seen.disconnect(), chart.destroy());
  const ink = colour("--ink"), grid = colour("--rule"), hues = ["--c0", "--c1", "--c2"].map(colour);
  charts = CHARTS.map((one) => {
    const place = $(one.id), serving = state.phase !== "train";
    const names = one.id !== "held-chart" ? one.names : serving ? ["cache", "weights"] : ["activations", "states"];
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid }, font: "12px system-ui" };
    const short = (value) => (value === null ? "" : one.roof ? String(Number(value.toPrecision(2))) : value.toLocaleString("en"));
    const series = names.map((label, i) => ({
      label, stroke: hues[i], width: 2, dash: ["device", "states", "weights"].includes(label) ? [6, 4] : undefined,
      points: one.roof && i ? { show: true, size: i === 2 ? 12 : 8, fill: hues[i] } : { show: false },
      ...(one.roof && i ? { paths: () => null } : {}), value: (_, value) => (value === null ? "" : said(value, one.unit)),
    }));
    const chart = new uPlot({
      width: place.clientWidth || 300, height: 220, cursor: { drag: { setScale: false }, y: false },
      scales: { x: { time: false, distr: 3, log: one.roof ? 10 : 2 }, y: one.log ? { distr: 3 } : { range: (_, __, most) => [0, most * 1.05 || 1] } },
      axes: [{ ...axis, values: (_, values) => values.map(short) }, { ...axis, size: 92, ...(one.unit === "byte" ? { incrs: BINARY } : {}), values: (_, values) => values.map((value) => (value === null ? "" : said(value, one.unit))) }],
      series: [{ label: one.x, value: (_, value) => (value === null ? "" : one.roof ? value.toPrecision(4) : String(value)) }, ...series],
      hooks: { draw: [(u) => mark(u, one)], setCursor: one.roof ? [(u) => pointRoof(u)] : [] },
    }, one.data(), place);
    const seen = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 220 }));
    seen.observe(place);
    return { one, chart, seen };
  });
}
function mark(u, one) { // where the slider stands
  if (one.roof || !(state.sizes[one.x] > 0)) return;
  const x = Math.round(u.valToPos(state.sizes[one.x], "x", true)), { top, height, left, width } = u.bbox;
  if (x < left || x > left + width) return;
  u.ctx.save();
  u.ctx.strokeStyle = colour("--quiet");
  u.ctx.setLineDash([4, 4]);
  u.ctx.beginPath();
  u.ctx.moveTo(x, top);
  u.ctx.lineTo(x, top + height);
  u.ctx.stroke();
  u.ctx.restore();
}
function pointRoof(u) {
  const found = roofOps[u.cursor.idx];
  if (found?.op) lightUp(found.drawn || found.op, `${found.op}: ${Number(found.x.toPrecision(3))} FLOP/byte`);
}
function showCharts() {
  for (const { one, chart } of charts) chart.setData(one.data());
}

// --- all of it -------------------------------------------------------------------------------------------------------

function speak(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => ($("spoken").textContent = text), 400);
}
function update() {
  showSettings();
  history.replaceState(null, "", "#" + fragment());
  const model = data.models.find((one) => one.name === state.model);
  $("title").textContent = document.title = `${model.title} on ${machine().title}`;
  try {
    const now = answers();
    $("refused").hidden = true;
    document.body.classList.remove("stale");
    const phase = shown?.phase;
    if (shown?.key !== now.found.key) buildCards(now.found);
    if (phase !== state.phase) buildCharts();
    showCards(now);
    showMemory(now);
    showTime(now);
    showCharts();
    speak(`${$("verdict").textContent} ${$("bound").textContent}`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    $("refused").textContent = `${error.message.replace(/(\w+) \| (\w+) does not hold/, (_, a, b) => `${a} has to divide ${b}: ${a} = ${state.sizes[a] ?? "?"}, ${b} = ${state.sizes[b] ?? "?"}`)}. Nothing below is of these settings.`;
    $("refused").hidden = false;
    document.body.classList.add("stale");
    for (const one of document.querySelectorAll("[data-measure]")) one.dataset.value = "";
  }
}
async function start() {
  const packed = Uint8Array.from(atob($("packed").textContent.trim()), (char) => char.charCodeAt(0));
  const text = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  data = JSON.parse(await text);
  fromFragment();
  buildSettings();
  for (const kind of ["pointerover", "focusin", "click"]) document.addEventListener(kind, point);
  update();
  window.addEventListener("hashchange", () => (fromFragment(), update()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", buildCharts);
  document.body.dataset.ready = "true";
}
start();
