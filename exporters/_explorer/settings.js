// Fields and sliders, and the state in the link.
const DOUBLING = { B: 14, S: 20, S_e: 20, P: 6, N_d: 12, C: 8, X: 8, T: 7, M: 9 }; // sliders of powers of two, up to this one
const LOAD = ["B", "S", "S_e"];
const PHASES = { decode: "decode: one more token", prefill: "prefill: reading the prompt", train: "training step" };
const REPLAYS = { none: "nothing", full: "every layer" };
const OPTIONS = {
  schedule: ["Schedule", {}], zero: ["ZeRO", { 0: "off", 1: "stage 1: optimizer", 2: "stage 2: gradients", 3: "stage 3: weights" }],
  how: ["Attention over C", { gather: "keys are gathered", ring: "keys go round a ring", heads: "heads (all-to-all)" }],
  sequence: ["Sequence parallel", { False: "off", True: "on" }],
};

const ofMesh = () => [...new Set(["P", "v", "M", ...data.axes.map((one) => one.symbol)])].filter((name) => name in data.symbols); // in the order of their fields
function field(label, control, note = "") {
  return make("p", { class: "field" }, make("label", { for: control.id, text: label }), control, note);
}
function select(id, label, options, change) {
  const control = make("select", { id, onchange: () => (change(control.value), update()) }, ...options);
  return field(label, control);
}
function buildSettings() {
  const phases = Object.keys(PHASES).filter((name) => data.scenarios.some((one) => one.phase === name));
  $("choices").append(
    select("model", "Model", data.models.map((one) => option(one.name, one.title)), chooseModel),
    select("phase", "Phase", phases.map((name) => option(name, PHASES[name])), (name) => (state.phase = name)),
    select("machine", "Machine", data.machines.map((one) => option(one.name, one.title)), chooseMachine),
    select("dtype", "Data type", [], chooseType),
  );
  if (phases.includes("train")) {
    const row = select("replay", "Recompute", Object.entries(REPLAYS).map(([name, text]) => option(name, text)), (one) => (state.replay = one));
    row.classList.add("training");
    $("choices").append(row);
  }
  const names = Object.keys(data.symbols);
  $("mesh").append(...ofMesh().map(sizeField));
  for (const name of names.filter((one) => !ofMesh().includes(one))) (LOAD.includes(name) ? $("load") : $("widths")).append(sizeField(name));
  for (const axis of data.axes) if (Object.keys(axis.choices).length > 1) $(`field-${axis.symbol}`).after(optionField(axis));
  $("mesh").append(make("p", { id: "raised", class: "quiet", role: "status" }));
  buildOthers();
  $("share").addEventListener("click", () => copy(location.href.split("#")[0] + "#" + fragment(), "link"));
  $("reset").addEventListener("click", () => ((state = first()), (unread = []), update()));
  $("settings").addEventListener("submit", (event) => event.preventDefault());
}
function optionField(axis) {
  const [label, words] = OPTIONS[axis.option];
  const row = select(axis.option, label, Object.keys(axis.choices).map((one) => option(one, words[one] ?? one)), (one) => ((state[axis.option] = one), raise(axis.symbol)));
  row.classList.add("of-axis");
  row.dataset.axis = axis.symbol;
  return row;
}
function sizeField(name) {
  const { math: letter, meaning, unit, domain } = data.symbols[name];
  const whole = domain === "positive integer";
  const number = make("input", {
    type: "number", id: `size-${name}`, "aria-describedby": `wrong-${name}`, min: whole ? 1 : 0, step: whole ? 1 : "any", inputmode: "decimal",
    oninput: () => ((state.sizes[name] = number.value === "" ? NaN : Number(number.value)), update()),
  });
  const label = make("label", { for: number.id }, math(letter), make("span", { text: ` ${meaning}${unit ? `, ${unit}` : ""}` }));
  const row = make("p", { class: "field size", id: `field-${name}` }, label, number);
  if (whole) row.append(slider(name, number, meaning));
  row.append(make("span", { class: "wrong", id: `wrong-${name}` }));
  return row;
}
function slider(name, number, meaning) {
  const doubling = name in DOUBLING;
  const largest = Math.max(...data.models.map((one) => one.sizes[name] ?? 0), data.first.sizes[name]);
  const step = doubling ? 1 : largest >= 65536 ? 1024 : largest >= 1024 ? 128 : 1;
  const range = doubling ? [0, DOUBLING[name]] : name === "v" ? [2, 16] : [step, Math.ceil((largest * 1.25) / step) * step];
  const control = make("input", {
    type: "range", id: `slide-${name}`, min: range[0], max: range[1], step, "aria-label": `${name}: ${meaning}`,
    oninput: () => {
      number.value = state.sizes[name] = doubling ? 2 ** Number(control.value) : Number(control.value);
      raise(name);
      update();
    },
  });
  return control;
}
function wrong(name) { // what is allowed in a field; nothing if that is what stands there
  const size = state.sizes[name], whole = data.symbols[name].domain === "positive integer";
  if (size > 0 && size <= Number.MAX_SAFE_INTEGER && (!whole || Number.isInteger(size))) return "";
  return `${name} is ${whole ? "a whole number from 1" : "a number above 0"} to ${Number.MAX_SAFE_INTEGER}`;
}
function raise(name) { // whoever moves a slider of the mesh need not look for the batch that it can have
  $("raised").textContent = "";
  if (!ofMesh().includes(name)) return;
  if (ofMesh().some(wrong) || wrong("B")) return;
  const before = { ...state.sizes }, few = state.schedule === "interleaved" && training() ? 2 : 1;
  if (piped() && name !== "M" && state.sizes.M % degree("P")) state.sizes.M = Math.ceil(state.sizes.M / degree("P")) * degree("P");
  if (piped() && name !== "M" && training()) state.sizes.M = Math.max(state.sizes.M, few * degree("P"));
  if (state.sizes.B % parts()) state.sizes.B = Math.ceil(state.sizes.B / parts()) * parts();
  const raised = ["M", "B"].filter((one) => state.sizes[one] !== before[one]);
  if (raised.length) $("raised").textContent = `Raised, so that each part has a sequence: ${raised.map((one) => `${one} to ${state.sizes[one]}`).join(", ")}.`;
}
function chooseModel(name) {
  state.model = name;
  for (const [letter, size] of Object.entries(model().sizes)) if (letter in data.symbols && letter !== "p") state.sizes[letter] = size;
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
  for (const name of ["model", "phase", "machine", "replay", ...data.axes.map((one) => one.option)]) if ($(name)) $(name).value = String(state[name]);
  if ($("dtype").dataset.machine !== state.machine) {
    $("dtype").dataset.machine = state.machine;
    $("dtype").replaceChildren(...Object.entries(machine().rates).map(([name, rate]) => option(name, `${name}, ${said(rate, "FLOP/s")}`)));
  }
  $("dtype").value = state.dtype;
  for (const row of document.querySelectorAll(".training")) row.hidden = !training();
  for (const row of document.querySelectorAll(".of-axis")) row.hidden = !training() || degree(row.dataset.axis) === 1;
  for (const name of Object.keys(data.symbols)) {
    const number = $(`size-${name}`), control = $(`slide-${name}`), size = state.sizes[name];
    if (document.activeElement !== number) number.value = Number.isFinite(size) ? size : "";
    $(`wrong-${name}`).textContent = wrong(name);
    number.setAttribute("aria-invalid", wrong(name) !== "");
    if (wrong(name)) for (const box of ["architecture", "spread"]) if ($(box).contains(number)) $(box).open = true;
    if (!control || wrong(name)) continue;
    control.value = name in DOUBLING ? Math.round(Math.log2(size)) : size;
    control.setAttribute("aria-valuetext", String(size));
  }
  if ($("field-v")) $("field-v").hidden = !wrong("v") && !(piped() && training() && state.schedule === "interleaved");
  if ($("field-M")) $("field-M").hidden = !wrong("M") && !(piped() || (training() && data.axes.some((one) => one.symbol === "M")));
  const next = axesOn().map((one) => one.symbol).filter((one) => one !== "M").pop();
  $("devices").textContent = next ? `: ${devices().toLocaleString("en")} devices, those along ${next} next to each other` : ": one device";
  $("devices").hidden = Object.keys(data.symbols).some(wrong);
}

// --- the state in the link -------------------------------------------------------------------------------------------

let unread = []; // what a link says that this page does not have
let linked = 0, linking, address; // when the address was written, and as what; browsers refuse a hundred times in half a minute
function link() {
  clearTimeout(linking);
  const rest = linked + 400 - performance.now();
  if (rest > 0) linking = setTimeout(link, rest);
  else if (location.hash === address) { // and no other link was followed meanwhile
    history.replaceState(null, "", "#" + fragment());
    [linked, address] = [performance.now(), location.hash];
  }
}
const YES_NO = { true: "True", yes: "True", on: "True", 1: "True", false: "False", no: "False", off: "False", 0: "False" };
function meantBy(text, values) { // one of the values; however it is spelled
  const small = text.trim().toLowerCase();
  return values.find((one) => one === text) ?? values.find((one) => one.toLowerCase() === small) ?? values.find((one) => one === YES_NO[small]);
}
const CHOSEN = () => ["model", "phase", "machine", "dtype", "replay", ...new Set(data.axes.map((one) => one.option).filter(Boolean))];
function first() {
  const choices = data.axes.filter((one) => one.option).map((one) => [one.option, Object.keys(one.choices)[0]]);
  return { replay: "none", ...Object.fromEntries(choices), ...data.first, sizes: { ...data.first.sizes } };
}
function fragment() {
  const parts = new URLSearchParams(CHOSEN().map((name) => [name, state[name]]));
  for (const [name, size] of Object.entries(state.sizes)) parts.set(name, size);
  return parts.toString();
}
function fromFragment() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const known = {
    model: data.models.map((one) => one.name), machine: data.machines.map((one) => one.name),
    phase: data.scenarios.map((one) => one.phase), replay: Object.keys(REPLAYS),
    ...Object.fromEntries(data.axes.filter((one) => one.option).map((one) => [one.option, Object.keys(one.choices)])),
  };
  state = first();
  address = location.hash;
  unread = [...new Set(parts.keys())].filter((name) => name !== "dtype" && !Object.hasOwn(known, name) && !Object.hasOwn(state.sizes, name));
  const choose = (name, values, take) => {
    const found = parts.has(name) ? meantBy(parts.get(name), values) : undefined;
    if (found !== undefined) take(found);
    else if (parts.has(name)) unread.push(name);
  };
  for (const [name, values] of Object.entries(known)) choose(name, values, name === "model" ? chooseModel : (value) => (state[name] = value));
  choose("dtype", Object.keys(machine().rates), chooseType);
  if (!(state.dtype in machine().rates)) chooseType(machine().dtype);
  for (const name of Object.keys(state.sizes)) if (parts.has(name)) state.sizes[name] = parts.get(name).trim() ? Number(parts.get(name)) : NaN;
  const short = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
  unread = unread.map((name) => `${short(name)} = ${short(parts.get(name))}`);
}
