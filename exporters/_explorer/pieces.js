// Small pieces: elements, and numbers as they are said.
const $ = (id) => document.getElementById(id);

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
const button = (text, onclick, label = text) => make("button", { type: "button", text, "aria-label": label, onclick });
const say = (place, text) => place.textContent !== text && (place.textContent = text); // what stands there is not drawn again
const total = (numbers) => numbers.reduce((sum, one) => sum + one, 0);
const product = (numbers) => numbers.reduce((found, one) => found * one, 1);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const SCALES = {
  byte: [1024, ["byte", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]],
  FLOP: [1000, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP", "ZFLOP", "YFLOP"]],
  "FLOP/s": [1000, ["FLOP/s", "kFLOP/s", "MFLOP/s", "GFLOP/s", "TFLOP/s", "PFLOP/s", "EFLOP/s"]],
  "byte/s": [1000, ["byte/s", "kB/s", "MB/s", "GB/s", "TB/s"]],
  s: [1000, ["ns", "µs", "ms", "s"]],
  "": [1000, ["", "thousand", "million", "billion", "trillion"]],
};
function said(value, unit) {
  if (unit.startsWith("byte ")) return `${said(value, "byte")}${unit.slice(4)}`; // such as byte sent per device
  if (unit === "s" && value > 0 && value < 1e-9) return "< 1 ns";
  const [base, names] = SCALES[unit] || SCALES[""];
  let amount = unit === "s" ? value * 1e9 : value, at = 0;
  while (amount >= base && at < names.length - 1) [amount, at] = [amount / base, at + 1];
  const digits = amount !== 0 && amount < 1000 ? Number(amount.toPrecision(4)) : Math.round(amount);
  return `${digits.toLocaleString("en")} ${names[at]}`.trim() + (unit in SCALES || at ? "" : ` ${unit}`);
}
const exactly = (value, unit) =>
  Number.isInteger(value) && value < 2 ** 53 ? `${value.toLocaleString("en").replaceAll(",", " ")} ${unit}` : `${value} ${unit}`;
const amounts = (value, unit) => { // of what is in an answer; no latency is counted
  const time = unit === "s" && standing && standing.forms[TIMES.find((one) => one in standing.forms)].value;
  return value > 0 && value < 1e-6 && value < time ? "< 1 µs" : said(value, unit);
};
const percent = (share) => (share > 0 && share < 1e-4 ? "< 0.01 %" : `${Number((100 * share).toPrecision(3))} %`);

let speaking;
function speak(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => ($("spoken").textContent = text), 400);
}
