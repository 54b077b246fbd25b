// Memory and time as bars, each beside a table with the same numbers.
const BAR = 34; // pixels of a bar with the gap beside it
const PARTS = ["weights", "gradients", "optimizer", "gathered", "cache", "input", "saved", "working"]; // of a peak, by hue
const hue = (part) => `--c${Math.max(0, PARTS.indexOf(part))}`;
let memoryBars, timeBars;

// A chart of bars that lie, from a list of rows with a label and amounts that stand on each other.
function bars(place, { unit, series, top, limit }) {
  const found = { rows: [], place };
  const ink = colour("--ink"), grid = colour("--rule");
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid }, font: "12px system-ui" };
  const narrow = place.clientWidth < 480;
  const lying = uPlot.paths.bars({ size: [0.72, 26], align: 0 });
  found.chart = new uPlot({
    width: place.clientWidth || 300, height: BAR + 50, legend: { show: false }, cursor: { show: false },
    scales: {
      x: { time: false, ori: 1, dir: -1, range: () => [-0.5, Math.max(found.rows.length, 1) - 0.5] },
      y: { ori: 0, dir: 1, range: () => [0, top() * 1.04 || 1] },
    },
    axes: [
      { ...axis, grid: { show: false }, ticks: { show: false }, side: 3, size: narrow ? 96 : 150, splits: () => found.rows.map((_, i) => i), values: () => found.rows.map((one) => one.label) },
      { ...axis, side: 2, space: narrow ? 84 : 64, ...(unit === "byte" ? { incrs: BINARY } : {}), values: (_, values) => values.map((value) => (value === 0 ? "0" : said(value, unit))) },
    ],
    series: [{}, ...series.map(({ label, fill }) => ({ label, fill: colour(fill), stroke: colour(fill), width: 0, paths: lying, points: { show: false } }))],
    hooks: { draw: [(u) => limit && across(u, limit())] },
  }, [[], ...series.map(() => [])], place);
  found.seen = new ResizeObserver(() => found.chart.setSize({ width: place.clientWidth, height: found.chart.height }));
  found.seen.observe(place);
  return found;
}
function across(u, value) { // a line where something ends, such as the memory of a device
  const x = Math.round(u.valToPos(value, "y", true)), { top, height } = u.bbox;
  u.ctx.save();
  u.ctx.strokeStyle = colour("--ink");
  u.ctx.lineWidth = 3 * devicePixelRatio;
  u.ctx.beginPath();
  u.ctx.moveTo(x, top);
  u.ctx.lineTo(x, top + height);
  u.ctx.stroke();
  u.ctx.restore();
}
function setBars(found, rows, columns) {
  const height = rows.length * BAR + 50;
  found.rows = rows;
  if (found.chart.height !== height) found.chart.setSize({ width: found.place.clientWidth || 300, height });
  found.chart.setData([rows.map((_, i) => i), ...columns]);
}
// A table of numbers, each with its formula and its terms; what it is made of stays as long as it is the same rows.
// A group has a title and rows: a name, its class, texts, the formula (a sum, or words), and the terms with their unit and whole.
function tabulate(place, head, groups) {
  const rows = groups.flatMap((one) => one.rows);
  const sign = JSON.stringify([head, groups.map(({ title, rows }) => [title, rows.map(({ name, cells, terms }) => [name, cells.length, Boolean(terms)])])]);
  if (place.sign !== sign) {
    place.made?.forEach((one) => one.terms?.drop());
    place.sign = sign;
    place.made = rows.map(makeRow);
    let at = 0;
    const bodies = groups.map(({ title, rows }) => make("tbody", { role: "rowgroup" },
      ...(title ? [make("tr", { role: "row", class: "title" }, make("th", { role: "columnheader", scope: "colgroup", colspan: head.length, text: title }))] : []),
      ...rows.map(() => place.made[at++].line)));
    const top = make("tr", { role: "row" }, ...head.map((text) => make("th", { role: "columnheader", scope: "col", text })));
    place.replaceChildren(make("thead", { role: "rowgroup" }, top), ...bodies);
  }
  rows.forEach((row, i) => {
    const made = place.made[i];
    row.cells.forEach((text, j) => say(made.cells[j], text));
    if (made.drawn !== row.formula) {
      if (typeof row.formula === "number") made.formula.replaceChildren(math(`<mo>=</mo>${data.formulas[row.formula][0]}`));
      else say(made.formula, `= ${row.formula}`);
      made.drawn = row.formula;
    }
    if (made.terms) made.terms.show(row.terms.rows, row.terms.unit, row.terms.whole);
  });
}
function makeRow(row) {
  const cells = row.cells.map(() => make("td", { role: "cell" })), terms = row.terms && makeTerms();
  const formula = make("div", { class: "formula", tabindex: typeof row.formula === "number" ? 0 : false, role: "group", "aria-label": `formula of ${row.name}` });
  const name = make("th", { role: "rowheader", scope: "row", class: row.class ?? "", text: row.name });
  return { cells, terms, formula, line: make("tr", { role: "row" }, name, ...cells, make("td", { role: "cell", class: "why" }, formula, ...(terms ? [terms.details] : []))) };
}

// --- memory ----------------------------------------------------------------------------------------------------------

function stages(now) { // the peak of each stage of a pipeline, by part
  const { form, arms } = now.forms.peak, most = {};
  form.arms.forEach((arm, i) => {
    const at = piped() ? stage(arm) : "";
    if (missing(arm)) return;
    if (!(at in most) || arms[i] > arms[most[at]]) most[at] = i;
  });
  return Object.entries(most).map(([at, i]) => ({
    label: at || "peak", needed: arms[i], at: form.arms[i].at, arm: form.arms[i],
    sums: Object.fromEntries(form.arms[i].parts.map(([part, number]) => [part || "working", number])),
    parts: Object.fromEntries(form.arms[i].parts.map(([part, number]) => [part || "working", now.at(number)])),
  }));
}
function buildMemory() {
  memoryBars?.seen.disconnect();
  memoryBars?.chart.destroy();
  const series = [...PARTS].reverse().map((part) => ({ label: part, fill: hue(part) })); // the longest first, so that all are seen
  const top = () => Math.max(machine().memory, ...memoryBars.rows.map((one) => one.needed));
  memoryBars = bars($("memory-bars"), { unit: "byte", series, top, limit: () => machine().memory });
}
function showMemory(now) {
  const { value } = now.forms.peak, has = machine().memory, fits = value <= has, rows = stages(now);
  $("verdict").textContent = fits
    ? `Fits: ${said(value, "byte")} of ${said(has, "byte")}; ${said(has - value, "byte")} left for what is not counted.`
    : `Does not fit: needs ${said(value, "byte")}, ${said(value - has, "byte")} more than the ${said(has, "byte")} of ${machine().title}.`;
  $("verdict").className = `verdict ${fits ? "good" : "bad"}`;
  const there = PARTS.filter((part) => rows.some((row) => row.parts[part]));
  const upTo = (row, part) => total(PARTS.slice(0, PARTS.indexOf(part) + 1).map((one) => row.parts[one] ?? 0));
  setBars(memoryBars, rows, [...PARTS].reverse().map((part) => rows.map((row) => (row.parts[part] ? upTo(row, part) : null))));
  $("memory-bars").setAttribute("aria-label", `memory by part, as in the table; the device has ${said(has, "byte")}`);
  const groups = rows.map((row) => {
    const parts = there.filter((part) => row.parts[part]), of = termsOf(now, now.forms.peak.form, row.arm);
    const lines = parts.map((part) => ({
      name: part, class: `dot ${hue(part).slice(2)}`, cells: [said(row.parts[part], "byte")], formula: row.sums[part],
      terms: { rows: of.filter((term) => (term[2] || "working") === part), unit: "byte", whole: row.parts[part] },
    }));
    return { title: piped() ? `${row.label}, at ${row.at.replace(`${row.label}, `, "")}` : `at ${row.at}`, rows: [...lines, { name: "in all", cells: [said(row.needed, "byte")], formula: parts.join(" + ") }] };
  });
  showDefined(now, rows.flatMap((row) => Object.values(row.sums)), $("parts-defined"));
  tabulate($("parts"), ["part", "bytes", "formula"], groups);
}

// --- time ------------------------------------------------------------------------------------------------------------

function buildTime() {
  timeBars?.seen.disconnect();
  timeBars?.chart.destroy();
  const series = [{ label: "longest", fill: "--c1" }, { label: "others", fill: "--c7" }];
  timeBars = bars($("time-bars"), { unit: "s", series, top: () => Math.max(...timeBars.rows.map((one) => one.seconds), 0) });
}
function showTime(now) {
  const { name, form, known, value, longest } = timed(now);
  $("bound").textContent = `${NAMES[name].replace(", at least", "")}: ${said(value, "s")} or more, bound by ${longest.at}.`;
  const rows = known.filter((one) => one.stage === longest.stage).map((one) => ({ ...one, label: called(one.resource) }));
  setBars(timeBars, rows, [rows.map((one) => (one.seconds === value ? one.seconds : null)), rows.map((one) => (one.seconds === value ? null : one.seconds))]);
  $("time-bars").setAttribute("aria-label", `how long each resource is busy${longest.stage && ` on the ${longest.stage}`}, as in the table`);
  const lines = rows.flatMap((one) => {
    const of = termsOf(now, form, one.arm), [only, ...others] = one.parts;
    const line = (name, seconds, formula, terms) => ({
      name, cells: [amounts(seconds, "s"), percent(seconds / value)], formula,
      ...(terms ? { terms: { rows: terms, unit: "s", whole: seconds } } : {}),
    });
    if (!only.axes) return [line(one.label, one.seconds, only.number, of)];
    const over = one.parts.map(({ axes, number, seconds }) => line(`– ${kind(axes)} (${axes})`, seconds, number, of.filter((term) => term[2] === axes)));
    if (others.length) return [line(one.label, one.seconds, `the sum of these ${one.parts.length}`), ...over];
    return [{ ...over[0], name: `${one.label}, ${kind(only.axes)} (${only.axes})` }];
  });
  showDefined(now, lines.map((one) => one.formula).filter(Number.isInteger), $("arms-defined"));
  tabulate($("arms"), ["busy", "seconds", "of the bound", "formula"], [{ title: longest.stage && `on the ${longest.stage}`, rows: lines }]);
  $("assumed").textContent = notes(now).join(" ");
}
function notes(now) {
  const { title } = machine(), found = ["A bound that no run beats: each resource at its peak, all at once."];
  const links = [...inside(), ...(network() ? [network()] : [])].map((one) => `${one.name} ${said(one.rate, "byte/s")}${one.joins ? `, which joins ${one.joins}` : ""}`);
  if (devices() > 1 && links.length) found.push(`Links, of one device in one direction: ${links.join("; ")}; without latency.`);
  if (degree("P") === 2 && training()) found.push("Of two stages the idle time is what it is in any pipeline at least; estimate may find more.");
  if (now.unknown) found.push(`Some of what is sent leaves what ${inside().length ? "the links of " : ""}${title} join${inside().length ? "" : "s"}, and it states no network: the time there is not known.`);
  const most = model().sizes.K;
  if (most && state.sizes.S > most) found.push(`S is beyond the ${most} positions that the model was made for.`);
  if (training() && state.zero !== "0" && degree("N_d") === 1 && data.axes.some((one) => one.symbol === "N_d")) found.push("ZeRO has no effect over one device.");
  return found;
}
