// Cards: each number with its formula and terms; and the drawing of the graph, in which a term's op lights up.
const NAMES = {
  peak: "Peak memory of a device", states: "What rests of the parameters", params: "Parameters on a device",
  flops: "FLOPs of a step", traffic: "Memory traffic, each op by itself", communication: "Sent by a device",
  cache: "Cache", activations: "Saved for the backward pass", tpot: "Time per token, at least",
  ttft: "Time to first token, at least", step_time: "Time of a step, at least",
};
let shown;

function buildCards(found) {
  for (const one of Object.values(shown?.cards ?? {})) (one.terms.drop(), one.drop());
  const cards = found.forms.map((form) => {
    const value = make("output", { class: "value", "data-measure": form.name });
    const formula = make("div", { class: "formula", tabindex: 0, role: "group", "aria-label": `formula of ${form.name}` });
    const terms = makeTerms();
    const copies = [["LaTeX", latex], ["Python", program], ["Command", command]].map(([text, write]) =>
      button(text, () => answered((now) => copy(write(now, form.name), text)), `copy ${form.name} as ${text}`));
    const head = make("h3", { text: NAMES[form.name] });
    const card = make("article", { class: "card", "aria-label": NAMES[form.name] }, head, value,
      make("span", { class: "exact quiet" }), formula, make("p", { class: "rates quiet" }), make("p", { class: "defined quiet" }), make("p", { class: "at quiet" }), terms.details,
      make("p", { class: "buttons" }, make("span", { class: "quiet", text: "copy as " }), ...copies));
    const one = { card, value, formula, terms, drawn: "" };
    return [form.name, awaited(formula, Object.assign(one, { fill: () => standing && fillFormula(form.name, one) }))];
  });
  shown = { key: found.key, phase: found.phase, cards: Object.fromEntries(cards) };
  $("cards").replaceChildren(...cards.map((one) => one[1].card));
  $("assumptions").textContent = `For ${found.said}. Counted: ${found.counted}. Takes for granted: ${found.assumptions.join(", ")}.`;
  buildDrawing(data.drawings[found.place]);
}
function showCards(now) {
  for (const [name, one] of Object.entries(shown.cards)) {
    const { form, value, arm } = now.forms[name];
    const timing = TIMES.includes(name), unknown = now.unknown && timing;
    say(one.value, unknown ? "not known" : said(value, form.unit));
    one.value.dataset.value = unknown ? "" : value;
    say(one.card.querySelector(".exact"), unknown ? "this machine states no network" : value === 0 ? form.zero : exactly(value, form.unit));
    if (timing) showRates(now, one.card.querySelector(".rates"));
    inTurn(one);
    one.terms.show(termsOf(now, form, arm), form.unit, value);
  }
}
function fillFormula(name, one) { // drawn anew where it is another one
  const found = standing.forms[name], lines = linesOf(standing, found, TIMES.includes(name));
  const drawn = lines.map((line) => line.join()).join(";");
  if (one.drawn !== drawn) showFormula(found, name, lines, one);
  showDefined(standing, lines.map((line) => line[2]), one.card.querySelector(".defined"));
  one.drawn = drawn;
  lines.forEach(([, , number], i) => say(one.formula.children[i].querySelector(".amount"), lines.length > 1 ? amounts(standing.at(number), found.form.unit) : ""));
}
function definedIn(now, texts, column) { // the numbers of what symbols stand for that occur in formulas, or in what others stand for
  const there = [...texts], found = new Set(), of = now.found.defined;
  const occurs = (number) => there.some((text) => text.includes(column ? data.definitions[number][2] : data.definitions[number][0].split("<mo>=</mo>")[0]));
  for (let next; (next = of.find((number) => !found.has(number) && occurs(number))) !== undefined; found.add(next)) there.push(data.definitions[next][column]);
  return of.filter((number) => found.has(number));
}
function showDefined(now, numbers, place) { // beside the formulas, with what it is now
  now.at(0); // puts the sizes in
  const values = Object.fromEntries(now.found.defined.map((number) => [number, DEFINED[number]()]));
  const told = definedIn(now, numbers.map((number) => data.formulas[number][0]), 0);
  const text = told.map((number) => `${number}=${values[number]}`).join();
  if ((place.dataset.said ?? "") === text) return;
  place.dataset.said = text;
  place.replaceChildren(...told.flatMap((number, i) => [i ? "; " : "", math(data.definitions[number][0]), ` = ${Number(values[number].toPrecision(4))}`]));
}
function showRates(now, place) { // what the symbols of the machine are
  const has = { lambda_comms: inside()[0], lambda_node: inside()[1], lambda_net: network(), n_link: inside()[0], n_node: inside()[0] }, all = { ...rates(), ...links() };
  const there = Object.keys(data.rates).filter((name) => now.found.used.includes(name) && (!(name in has) || has[name]));
  const known = there.map((name) => [name, all[name] === MANY ? "any number" : said(all[name], data.rates[name].unit.replace("bytes", "byte"))]);
  if (place.dataset.said === known.join()) return;
  place.dataset.said = known.join();
  place.replaceChildren(...known.flatMap(([name, text], i) => [i ? ", " : "", make("span", { "data-rate": name, title: data.rates[name].meaning }, math(data.rates[name].math), ` = ${text}`)]));
}
function linesOf(now, found, timing) {
  const { form, arms, largest } = found; // words, whether it is the largest, and the number of the sum
  const busy = (i) => arms[i] > 0 && !outdone(found, i) && stage(form.arms[i]) === stage(form.arms[largest]); // of a pipeline the stage that takes longest
  const which = timing ? form.arms.map((_, i) => i).filter(busy) : [largest];
  return which.flatMap((i) => form.arms[i].parts.filter(([, number]) => now.at(number) !== 0).map(([part, number]) => {
    const at = timing ? called(resource(form.arms[i])) : "";
    return [[at, timing && part ? `over ${part}` : part].filter(Boolean).join(" ") || form.name, i === largest, number];
  }));
}
function line(word, formula, chosen) {
  return make("div", { class: chosen ? "line" : "line less" }, make("span", { class: "word", text: `${word} ` }),
    make("span", { class: "amount quiet" }), math(`<mo>=</mo>${data.formulas[formula][0]}`));
}
function showFormula({ form, largest }, name, lines, one) {
  const arm = form.arms[largest], several = form.arms.length > 1;
  one.formula.replaceChildren(...lines.map(([word, most, number]) => line(word, number, most)));
  const instant = arm.at && `at ${arm.at}${several ? `: the largest of ${form.arms.length} instants` : ""}`;
  const place = name === "peak" ? instant : arm.at && `on the ${arm.at}, where it is largest`;
  one.card.querySelector(".at").textContent = (TIMES.includes(name) ? `the longest of these${stage(arm) && " and of those of other stages"}; now ${arm.at}` : place) || "";
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
