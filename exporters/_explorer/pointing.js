// What is pointed at: all places of an op light up, and what it reads and who reads it stand beside, wherever the drawing is.
const MOST_BESIDE = 4; // ops on either side
function point(event) {
  const found = event.target.closest?.("[data-op]");
  if (found) lightUp(found.dataset.op, found.dataset.text, found.getBoundingClientRect());
  else if (!event.target.closest?.(".u-over")) letGo(); // charts say themselves what is pointed at
}
function lightUp(op, text, at) {
  for (const one of document.querySelectorAll(".lit, .feeds")) one.classList.remove("lit", "feeds");
  for (const one of document.querySelectorAll(`[data-op="${CSS.escape(op)}"]`)) one.classList.add("lit");
  const drawn = [...document.querySelectorAll("#drawing .op")], lit = drawn.filter((one) => one.dataset.op === op);
  const read = lit.flatMap((one) => one.dataset.reads.split(" "));
  for (const one of drawn) one.classList.toggle("feeds", read.includes(one.dataset.op));
  $("pointed").textContent = text;
  const readers = drawn.filter((one) => one.dataset.reads.split(" ").includes(op));
  $("around").replaceChildren(...[drawn.filter((one) => one.classList.contains("feeds")), lit, readers].map(side));
  $("beside").classList.remove("away");
  const low = at.bottom > innerHeight - $("beside").offsetHeight - 16; // what is pointed at stays in sight
  $("beside").style.top = low ? `${Math.max(0, Math.min(at.top - $("beside").offsetHeight - 16, innerHeight - $("beside").offsetHeight))}px` : "auto";
}
function side(ops) { // copies that are no buttons, by place
  const copies = ops.slice(0, MOST_BESIDE).map((one) => make("span", { class: `op ${one.classList.contains("lit") ? "lit" : one.classList.contains("feeds") ? "feeds" : ""}` },
    make("b", { text: one.dataset.op }), make("small", { text: one.querySelector("small").textContent })));
  const times = ops[0]?.closest(".loop")?.querySelector(".times");
  const more = ops.length > MOST_BESIDE ? [make("small", { text: `and ${ops.length - MOST_BESIDE} more` })] : [];
  return make("span", { class: "side" }, ...copies, ...more, ...(times && ops[0].classList.contains("lit") ? [make("small", {}, ...times.cloneNode(true).childNodes)] : []));
}
function letGo() {
  $("beside").classList.add("away");
}
