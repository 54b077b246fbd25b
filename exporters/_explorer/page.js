// All of it: settings -> numbers -> what is shown.
function update() {
  showSettings();
  link();
  $("title").textContent = document.title = `${model().title} on ${machine().title}`;
  $("unread").textContent = unread.length ? `The link says what this page does not have: ${unread.join(", ")}.` : "";
  try {
    const now = (standing = answers());
    stale(false);
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
    standing = undefined;
    stale(true);
    refuse(error);
  }
}
function stale(is) { // what is not of these settings is neither read aloud nor reached by keys
  document.body.classList.toggle("stale", is);
  for (const one of document.querySelectorAll("main section")) one.inert = is;
  $("verdict").hidden = $("bound").hidden = is;
  $("refused").hidden = !is;
  if (is) speak("");
  else $("instead").hidden = true;
}
const stepOf = (divisor) => product(divisor.split("*").map((one) => state.sizes[one] ?? Number(one)));
function strongest(claims) { // where 2*C has to divide S, C has to go without saying
  const parts = claims.map((claim) => claim.split(" | "));
  return claims.filter((_, at) => !parts.some(([a, b], other) =>
    other !== at && b && b === parts[at][1] && stepOf(a) !== stepOf(parts[at][0]) && stepOf(a) % stepOf(parts[at][0]) === 0));
}
function would(divisor, name) { // the next of a batch or a length that is divisible
  const step = stepOf(divisor);
  return LOAD.includes(name) && step > 0 ? `; ${name} = ${Math.ceil(state.sizes[name] / step) * step} would do` : "";
}
function refuse(error) {
  const value = (text) => [...new Set(text.match(/[A-Za-z]\w*/g))].filter((one) => one in state.sizes).map((one) => `${one} = ${state.sizes[one]}`).join(", ");
  const alone = error instanceof NoForms ? brokenAlone() : [];
  const words = (claim) => claim
    .replace(/^(.*) \| (.*)$/, (_, a, b) => `${a} has to divide ${b}: ${value(`${a} ${b}`)}${would(a, b)}`)
    .replace(/^(.*) <= (.*)$/, (_, a, b) => `${a} is at most ${b}: ${value(`${a} ${b}`)}`);
  const told = error instanceof Broken ? error.claims : alone;
  const said = [...(error instanceof Broken ? [] : [error.message]), ...strongest(told).map(words)];
  $("refused").textContent = `${said.join("; ")}. Nothing below is of these settings.`;
  $("instead").hidden = error instanceof NoNumber || !told.every(estimated);
  $("instead-estimate").textContent = estimate();
  $("instead-page").textContent = ownPage();
  $("instead-page").parentElement.hidden = !(error instanceof NoForms) || told.length > 0 || !paged();
  for (const one of document.querySelectorAll("[data-measure]")) one.dataset.value = "";
}
async function start() {
  fromFragment();
  buildSettings();
  $("spread").open = devices() > 1 || !matchMedia("(max-width: 52rem)").matches; // a phone has the answers nearer
  for (const kind of ["pointerover", "focusin", "click"]) document.addEventListener(kind, point);
  document.addEventListener("keydown", (event) => event.key === "Escape" && letGo());
  for (const one of ["estimate", "page"]) $(`copy-${one}`).addEventListener("click", () => copy($(`instead-${one}`).textContent, "command"));
  update();
  window.addEventListener("hashchange", () => (fromFragment(), update()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (buildCharts(), update()));
  document.body.dataset.ready = "true";
}
async function unpacked(id) { // browsers unpack it themselves
  const packed = Uint8Array.from(atob($(id).textContent.trim()), (char) => char.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}
unpacked("packed").then((text) => {
  data = JSON.parse(text);
  document.head.append(make("script", { text: data.code })); // defines what forms consist of
  start();
});
