// Charts of lines, and the roofline.
const BINARY = Array.from({ length: 70 }, (_, i) => 2 ** i); // steps of ticks
const HEIGHT = 250; // pixels of a chart
let charts = [], roofOps = [];

const swept = {}; // by what is along the axis, and of which answers
function sweep(name, pick) { // columns: sizes, and what is picked of the point at each; two charts may share points
  const { sizes, names, point } = SWEPT[name];
  if (swept[name]?.of !== standing) swept[name] = { of: standing, points: sizes().flatMap((size) => at(name, size, names, point)) };
  const rows = swept[name].points.map((one) => [one.size, ...pick(one)]);
  return rows.length ? rows[0].map((_, i) => rows.map((row) => row[i])) : [[], ...pick(point(standing)).map(() => [])];
}
function at(name, size, names, point) {
  try {
    return [{ size, ...point(answers({ [name]: size }, names)) }];
  } catch {
    return []; // a size that breaks an assumption has no point
  }
}
const alongS = () => around("S", 4, 2, degree("C") === 1 ? degree("T") : 2 * degree("C") * degree("T"));
function around(name, below, above, step = 1) {
  const now = state.sizes[name], found = new Set();
  for (let i = -2 * below; i <= 2 * above; i++) found.add(Math.max(step, Math.round((now * 2 ** (i / 2)) / step) * step));
  return [...found].sort((a, b) => a - b);
}
const ALONG = { S: "S, sequence length (positions)", B: "B, batch (sequences)", "FLOP/byte": "intensity (FLOP/byte)" };
const SWEPT = {
  S: {
    sizes: alongS, names: ["peak", "cache", "activations", "states"],
    point: ({ forms }) => ({ peak: forms.peak.value, held: (forms.cache ?? forms.activations).value, states: forms.states.value }),
  },
  B: {
    sizes: () => around("B", 4, 6, parts()), names: TIMES,
    point: (now) => {
      const { known } = timed(now), longest = (...names) => Math.max(...known.filter((one) => names.includes(one.resource)).map((one) => one.seconds));
      return { times: [longest("compute"), longest("memory"), longest("link", "link in the node", "network")].map((one) => (one > 0 ? one : null)) };
    },
  },
};
const CHARTS = [
  {
    id: "memory-chart", x: "S", unit: "byte", y: "memory of a device (bytes)", names: () => ["peak", "device"],
    data: () => sweep("S", (one) => [one.peak, machine().memory]),
  },
  {
    id: "time-chart", x: "B", unit: "s", y: "time, at least (seconds)", log: true, names: () => ["compute", "memory", "links"],
    data: () => sweep("B", (one) => one.times),
  },
  {
    id: "roof-chart", x: "FLOP/byte", unit: "FLOP/s", y: "at most (FLOP/s)", log: true, names: () => ["roof", "ops", "whole step"], roof: true,
    data: roofline,
  },
  {
    id: "held-chart", x: "S", unit: "byte", y: "bytes of a device", names: () => (training() ? ["activations", "states"] : ["cache", "weights"]),
    data: () => sweep("S", (one) => [one.held, one.states]),
  },
];
function roofline() {
  const now = standing, { lambda_flops: peak, lambda_mem: bandwidth } = rates();
  const roof = (intensity) => Math.min(peak, intensity * bandwidth);
  const done = (form) => {
    const sums = {};
    for (const [op, , , sum, drawn] of termsOf(now, form.form, form.arm)) {
      sums[op] = [(sums[op]?.[0] ?? 0) + now.at(sum), drawn];
    }
    return sums;
  };
  const flops = done(now.forms.flops), moved = done(now.forms.traffic);
  const points = Object.keys(flops).filter((op) => flops[op][0] > 0 && moved[op]?.[0] > 0)
    .map((op) => ({ x: flops[op][0] / moved[op][0], op, drawn: flops[op][1] }));
  const beside = Object.keys(moved).filter((op) => !(flops[op]?.[0] > 0)).length, sent = now.forms.communication.value;
  $("roof-note").textContent = [beside && `Not drawn: ${beside} ops that move bytes and compute nothing`, sent && `${said(sent, "byte")} that are sent, which no roof of memory bounds`].filter(Boolean).join("; ");
  const whole = now.forms.flops.value / now.forms.traffic.value;
  const least = Math.min(1, whole, ...points.map((one) => one.x)) / 2, most = Math.max((4 * peak) / bandwidth, 2 * whole, ...points.map((one) => 2 * one.x));
  const all = [{ x: least }, { x: peak / bandwidth }, { x: most }, { x: whole, whole: true }, ...points].sort((a, b) => a.x - b.x);
  roofOps = all;
  return [all.map((one) => one.x), all.map((one) => roof(one.x)), all.map((one) => (one.op ? roof(one.x) : null)), all.map((one) => (one.whole ? roof(one.x) : null))];
}
function buildCharts() {
  $("held-caption").textContent = `${training() ? "Saved activations" : "Cache"} against context S`;
  for (const { chart, seen, drop } of charts) (seen.disconnect(), chart.destroy(), drop());
  charts = CHARTS.map(lines);
  buildMemory();
  buildTime();
}
function lines(one) {
  const place = $(one.id), ink = colour("--ink"), grid = colour("--rule"), hues = ["--c0", "--c1", "--c2"].map(colour);
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid }, font: "12px system-ui" };
  const short = (value) => (value === null ? "" : one.roof ? String(Number(value.toPrecision(2))) : value.toLocaleString("en"));
  const series = one.names().map((label, i) => ({
    label, stroke: hues[i], width: 2, dash: ["device", "states", "weights"].includes(label) ? [6, 4] : undefined,
    points: one.roof && i ? { show: true, size: i === 2 ? 12 : 8, fill: hues[i] } : { show: false },
    ...(one.roof && i ? { paths: () => null } : {}), value: (_, value) => (value == null ? (label === "links" ? "none" : "") : amounts(value, one.unit)),
  }));
  const chart = new uPlot({
    width: place.clientWidth || 300, height: HEIGHT, cursor: { drag: { setScale: false }, y: false },
    scales: { x: { time: false, distr: 3, log: one.roof ? 10 : 2 }, y: one.log ? { distr: 3 } : { range: (_, __, most) => [0, most * 1.05 || 1] } },
    axes: [{ ...axis, label: ALONG[one.x], labelSize: 18, size: 36, labelFont: "12px system-ui", values: (_, values) => values.map(short) },
      { ...axis, label: one.y, labelSize: 18, labelFont: "12px system-ui", size: one.roof ? 94 : 78, ...(one.unit === "byte" ? { incrs: BINARY } : {}), values: (_, values) => values.map((value) => (value === null ? "" : said(value, one.unit))) }],
    series: [{ label: one.x, value: (_, value) => (value == null ? "" : one.roof ? value.toPrecision(4) : String(value)) }, ...series],
    hooks: { draw: [(u) => mark(u, one)], setCursor: [(u) => pointed(u, one)] },
  }, one.names().map(() => []).concat([[]]), place);
  const seen = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT }));
  seen.observe(place);
  const fill = () => {
    if (!standing || drawn === standing) return;
    drawn = standing;
    chart.setData(one.data());
    if (chart.cursor.idx == null) stand(chart, one);
  };
  let drawn;
  return awaited(place, { one, chart, seen, fill });
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
function pointed(u, one) { // beside the names stand the values where one points at, else where the slider stands
  if (u.cursor.idx == null) stand(u, one);
  const found = one.roof && roofOps[u.cursor.idx];
  if (found?.op) lightUp(found.drawn || found.op, `${found.op}: ${Number(found.x.toPrecision(3))} FLOP/byte`, u.root.getBoundingClientRect());
}
function stand(u, one) {
  const idx = one.roof ? roofOps.findIndex((op) => op.whole) : u.data[0].indexOf(state.sizes[one.x]);
  if (idx >= 0 && u.legend.idx !== idx) u.setLegend({ idx });
}
function showCharts() {
  for (const one of charts) inTurn(one);
}
