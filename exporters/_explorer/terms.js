// What is out of sight waits for its turn: charts, and the terms that make a number, in tables filled when they are opened.
const late = new Set();
let standing, catching; // the answers that the page shows, if any
const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    target.waits.near = isIntersecting;
    if (isIntersecting) target.waits.fill();
  }
}, { rootMargin: "200px" });

function makeTerms() {
  const table = make("table", { class: "terms" }), summary = make("summary"), box = make("div", { class: "scroll" }, table);
  const found = { table, drawn: undefined, asked: undefined };
  found.details = make("details", { ontoggle: () => found.fill() }, summary, box);
  found.show = (rows, unit, whole) => {
    found.asked = { rows, unit, whole };
    say(summary, `${rows.length} term${rows.length === 1 ? "" : "s"}`);
    if (!found.details.open) return;
    inTurn(found);
  };
  found.fill = () => {
    if (!standing || !found.asked || !found.details.open) return;
    const { rows, unit } = found.asked;
    if (rows.length !== found.drawn?.length || rows.some((row, i) => row !== found.drawn[i])) drawTerms(table, rows, unit);
    found.drawn = rows;
    refreshTerms(table, found.asked);
  };
  return awaited(box, found);
}
function awaited(place, found) { // of what has `fill`: whether its place is near what is in sight
  place.waits = Object.assign(found, { near: false, drop: () => (sight.unobserve(place), late.delete(found)) });
  sight.observe(place);
  return found;
}
function inTurn(found) {
  if (found.near) return found.fill();
  late.add(found);
  clearTimeout(catching);
  catching = setTimeout(catchUp, 200);
}
function catchUp() { // a few at once, so that whoever moves a slider on need not wait
  const start = performance.now();
  for (const one of late) {
    late.delete(one);
    one.fill();
    if (performance.now() - start > 10) break;
  }
  if (late.size) catching = setTimeout(catchUp, 20);
}
function drawTerms(table, rows, unit) {
  const lines = rows.map(([op, where, part, sum, drawn]) =>
    make("tr", { "data-op": drawn || op, "data-text": `${op}: ${where}` },
      make("th", { scope: "row" }, make("button", { type: "button", class: "op", text: op, title: where })),
      make("td", { class: "amount" }), make("td", { class: "share" }), make("td", { text: part }), make("td", {}, math(data.formulas[sum][0]))));
  const head = ["op", unit, "share", "part", "term"].map((text) => make("th", { scope: "col", text }));
  table.replaceChildren(make("tr", {}, ...head), ...lines);
}
function refreshTerms(table, { rows, unit, whole }) {
  rows.forEach(([, , , sum], i) => {
    const amount = standing.at(sum), [, value, share] = table.rows[i + 1].cells;
    say(value, amounts(amount, unit));
    say(share, percent(amount / whole));
  });
}
