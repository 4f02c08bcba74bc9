"use strict";

const EVERY = 2000, HOUR = 3600, GAP = 35, HEIGHT = 190;
const ROLES = ["primary", "candidate", "shadow", "previous"];
const PHASES = {
  none: "No release yet", registered: "Waits for an approval", approved: "Approved", shadow: "Shadow",
  canary: "Canary", champion: "Champion", retired: "The last candidate was retired",
  rejected: "The last candidate was rejected", rolled_back: "Rolled back",
};
const ANSWERS = { go_on: ["go on", "holds"], go_back: ["go back", "broken"], not_yet: ["not yet", "unclear"] };
const page = (id) => document.getElementById(id);
const known = {};
let live = null, skew = 0, heard = 0, asked = 0, promised = null;

/* Texts enter the page as text alone: nothing that a reason or a name says is ever read as markup. */
function made(tag, attributes = {}, ...inside) {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) found.setAttribute(name, value);
  found.append(...inside.map((item) => (item instanceof Node ? item : `${item}`)));
  return found;
}

function drawn(tag, attributes = {}, text = "") {
  const found = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) found.setAttribute(name, value);
  found.textContent = text;
  return found;
}

function say(id, text) {
  const place = page(id);
  place.hidden = !text;
  if (place.textContent !== text) place.textContent = text;
}

/* What did not change is left as it is, so that a selection or a screen reader stays where it was. */
function fill(id, facts, build) {
  const key = JSON.stringify(facts);
  if (known[id] === key) return;
  known[id] = key;
  page(id).replaceChildren(...build());
}

const count = (value) => value.toLocaleString("en");
const percent = (value, digits = 1) => `${(100 * value).toFixed(digits).replace(/\.0+$/, "")}\u00a0%`;
const ms = (value) => (value === null || value === undefined ? "–" : `${value < 10 ? value.toFixed(2) : value.toFixed(0)}\u00a0ms`);
const words = (text) => text.replaceAll("_", " ");
const role = (name) => (ROLES.includes(name) ? name : "other");
const now = () => Date.now() / 1000 + skew;

function moment(text) {
  const at = new Date(text), today = at.toDateString() === new Date().toDateString();
  const clock = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return today ? clock : `${at.toLocaleDateString([], { day: "numeric", month: "short" })}, ${clock}`;
}

function span(seconds) {
  const left = Math.max(0, Math.round(seconds)), days = Math.floor(left / 86400), hours = Math.floor(left / 3600) % 24;
  const minutes = Math.floor(left / 60) % 60, two = (value) => `${value}`.padStart(2, "0");
  return days ? `${days} d ${hours} h` : hours ? `${hours} h ${two(minutes)} min` : `${minutes}:${two(left % 60)}`;
}

function cell(name, ...inside) { return made("td", { "data-name": name }, ...inside); }

function showHead() {
  const { story, variants } = live, answering = variants.filter((item) => item.share > 0);
  const told = answering.sort((one, other) => other.share - one.share);
  const all = told.length === 1 ? `Version ${told[0].version} answers all leads` : "";
  const dealt = told.map((item, place) => `version\u00a0${item.version}${place ? "" : " answers"}\u00a0${percent(item.share)}`).join(", ");
  page("title").textContent = all || (dealt ? dealt[0].toUpperCase() + dealt.slice(1) : "Nothing answers yet");
  document.title = `${live.name}: ${page("title").textContent}`;
  say("phase", `Endpoint ${live.name}, generation ${live.generation}${story ? ` · ${phase(story)}` : ""}`);
  say("reason", story ? lead(story) : "No story of a release was told; this is what the server itself knows.");
  say("waiting", story && story.waiting !== null ? `Version ${story.waiting} waits for its turn.` : "");
  say("alarm", story && story.alarm ? `Alarm: ${words(story.alarm)}` : "");
  say("older", story && told.length && isOlder(story, told) ? "The story is older than what is served." : "");
  say("trouble", live.error || "");
  page("head").className = `verdict ${tone(story)}`;
}

/* A reason that repeats what several guards say is told by their names: their sentences stand below. */
function lead(story) {
  const said = story.guards.filter((item) => story.reason.includes(item.sentence)).map((item) => words(item.name));
  return story.decision === "go_on" && said.length > 1 ? `Go on, say the guards: ${said.join(", ")}.` : story.reason;
}

/* A story that names other versions than those that answer was not told since. */
function isOlder(story, answering) {
  const named = [story.champion, ...(story.phase === "canary" ? [story.candidate] : [])];
  return `${named.sort()}` !== `${answering.map((item) => item.version).sort()}`;
}

function phase(story) {
  if (story.phase === "canary") return `Canary of version ${story.candidate} at ${percent(story.weight)}`;
  if (story.phase === "shadow") return `Version ${story.candidate} in shadow`;
  if (story.phase === "champion") return story.settled ? "Settled" : "Watched after the cutover";
  return PHASES[story.phase] || words(story.phase);
}

function tone(story) {
  if (live.error || (story && story.alarm) || !live.variants.length) return "bad";
  if (!story) return "keep";
  if (story.phase === "champion") return "good";
  return ["rolled_back", "rejected", "registered"].includes(story.phase) ? "not_yet" : "keep";
}

function showClock() {
  if (!live) return;
  const quiet = (Date.now() - heard) / 1000, silent = quiet > 6;
  say("pulse", silent ? `No answer for ${span(quiet)}; what follows is old.` : "Live");
  page("pulse").className = silent ? "pulse silent" : "pulse";
  const story = live.story, next = story && story.next_step ? story : null;
  const left = next && next.next_at ? Date.parse(next.next_at) / 1000 - now() : null;
  say("countdown", left === null ? "" : left > 0 ? span(left) : "due");
  say("step", next ? `${left > 0 ? "until" : "next:"} ${words(next.next_step)}${left > 0 ? " at the earliest" : ""}` : "");
  say("deadline", story && story.deadline ? `decided either way in ${span(Date.parse(story.deadline) / 1000 - now())}` : "");
}

function showVariants() {
  const rows = live.shadow ? [...live.variants, { ...live.shadow, name: "shadow", copy: true }] : live.variants;
  fill("variants", rows, () => rows.map((item) => {
    const bar = made("i"), shade = role(item.name);
    bar.style.width = `${100 * item.share}%`;
    const part = item.copy ? ["a copy of every request"] : item.share
      ? [made("span", { class: `bar tone ${shade}` }, bar), percent(item.share)] : ["warm, answers none"];
    const errors = item.errors ? made("span", { class: "worse" }, `${count(item.errors)} (${percent(item.errors / item.requests, 2)})`) : "0";
    return made("tr", {},
      made("th", { scope: "row" }, made("span", { class: `dot ${shade}` }), `Version ${item.version}`, made("small", {}, `${item.name}, bundle ${item.digest}`)),
      cell("Share of leads", ...part), cell("Requests", count(item.requests)), cell("Errors", errors),
      cell("p50", ms(item.p50)), cell("p99", ms(item.p99)));
  }));
  const lost = live.workers.filter((item) => item.error).length, workers = live.workers.filter((item) => item.slot !== "shadow").length;
  say("server", `Counted since generation ${live.generation} began. ${workers} worker${workers === 1 ? "" : "s"}${lost ? `, ${lost} in trouble` : ""}; up for ${span(live.uptime_seconds)}; ` +
    `since the endpoint exists ${count(live.requests.served)} requests answered, ${count(live.requests.refused)} refused, ${count(live.requests.failed)} failed.`);
}

const CHARTS = {
  rate: { value: (item, seconds) => item[2] / seconds, text: (value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)}/s`, axis: (value) => `${value}`, least: 1 },
  p99: { value: (item) => item[5], text: ms, axis: (value) => `${value}`, least: 1 },
  errors: { value: (item) => (item[2] ? item[3] / item[2] : null), text: (value) => percent(value, 2), axis: (value) => percent(value), least: 0.01 },
};

/* The minutes that the charts show: as many as there are samples of, an hour at most. */
function minutes() {
  const oldest = live.history.find(([at]) => at > now() - HOUR);
  return [10, 20, 40, 60].find((some) => !oldest || oldest[0] > now() - 60 * some) || 60;
}

/* One line for each bundle under a name, in pieces where samples are missing. */
function lines(value) {
  const found = new Map(), end = now();
  for (const [at, seconds, variants] of live.history) {
    if (at < end - HOUR) continue;
    for (const item of variants) {
      const y = value(item, seconds), key = `${item[0]} ${item[1]}`;
      if (y === null || y === undefined || (!item[2] && item[0] === "previous")) continue;
      if (!found.has(key)) found.set(key, { name: item[0], version: item[1], pieces: [], last: null });
      const line = found.get(key), piece = line.pieces.at(-1);
      if (piece && at - line.last[0] < GAP) piece.push([at, y]);
      else line.pieces.push([[at, y]]);
      line.last = [at, y];
    }
  }
  return [...found.values()].sort((one, other) => ROLES.indexOf(one.name) - ROLES.indexOf(other.name));
}

function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value * 0.999999);
}

function showChart(id) {
  const chart = CHARTS[id], found = lines(chart.value), place = page(id), width = place.clientWidth;
  const since = now() - GAP, current = found.filter((line) => line.last[0] > since);
  fill(`${id}_legend`, current, () => current.map((line) =>
    made("span", {}, made("span", { class: `dot ${role(line.name)}` }), `version ${line.version}${line.name === "shadow" ? " (shadow)" : ""} `, made("b", {}, chart.text(line.last[1])))));
  fill(id, [found, width, Math.floor(now() / 10)], () => [found.length ? plot(chart, found, width) : made("p", { class: "empty" }, "No requests yet; a sample is taken every ten seconds.")]);
}

function plot(chart, found, width) {
  const left = 40, bottom = 20, top = 8, right = 6, end = now();
  const most = ceiling(Math.max(chart.least, ...found.flatMap((line) => line.pieces.flat().map((point) => point[1]))));
  const long = minutes(), x = (at) => left + (width - left - right) * (1 - (end - at) / (60 * long));
  const y = (value) => top + (HEIGHT - top - bottom) * (1 - value / most);
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img" });
  svg.setAttribute("aria-label", found.map((line) => `version ${line.version}: last ${chart.text(line.last[1])}`).join("; "));
  for (const part of [0, 0.5, 1]) {
    const value = Number((part * most).toPrecision(3));
    svg.append(drawn("line", { class: "rule", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    svg.append(drawn("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, chart.axis(value)));
  }
  for (const ago of [long, long / 2, 0]) {
    const anchor = ago === long ? "start" : ago ? "middle" : "end";
    svg.append(drawn("text", { x: x(end - 60 * ago), y: HEIGHT - 4, "text-anchor": anchor }, ago ? `−${ago} min` : "now"));
  }
  for (const line of found) for (const piece of line.pieces) svg.append(mark(piece, line, x, y));
  return svg;
}

function mark(piece, line, x, y) {
  const shade = role(line.name);
  if (piece.length === 1) return drawn("circle", { class: `tone point ${shade}`, cx: x(piece[0][0]), cy: y(piece[0][1]), r: 2.5 });
  return drawn("polyline", { class: `tone line ${shade}`, points: piece.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ") });
}

function showAgreement() {
  const found = live.agreement;
  page("shadow").hidden = !found;
  if (!found) return;
  const shown = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits));
  const facts = [
    ["rank correlation of the scores", shown(found.rank_correlation, 3)],
    ["of leads in another band", found.other_band === null || found.other_band === undefined ? "–" : percent(found.other_band)],
    ["mean distance of the scores", shown(found.gap, 3)],
    ["leads scored by both", count(found.pairs)],
    [`of ${count(found.mirrored)} copies dropped`, count(found.dropped)],
    ["leads failed in shadow", count(found.failed)],
    ["behind production", found.lag_seconds < 1 ? ms(1000 * found.lag_seconds) : `${found.lag_seconds.toFixed(1)} s`],
  ];
  fill("agreement", facts, () => facts.map(([name, value]) => made("div", {}, made("b", {}, value), made("span", {}, name))));
}

function showStory() {
  const story = live.story, guards = story ? story.guards : [], decisions = story ? story.decisions : [];
  page("analysis").hidden = !guards.length;
  page("story").hidden = !decisions.length;
  fill("guards", guards, () => guards.map((item) => {
    const [said, state] = ANSWERS[item.answer] || [item.answer, "unclear"];
    return made("tr", {}, made("th", { scope: "row" }, words(item.name)), made("td", { class: state }, said), made("td", { class: "why" }, item.sentence));
  }));
  fill("decisions", decisions, () => decisions.map((item, place) => made("tr", place ? {} : { class: "now" },
    made("th", { scope: "row" }, made("time", { datetime: item.at }, moment(item.at))),
    cell("Version", item.version), cell("Step", item.before === item.after || item.before === "none" ? words(item.after) : `${words(item.before)} → ${words(item.after)}`),
    cell("Share", item.weight ? percent(item.weight) : "–"), cell("By", item.actor), made("td", { class: "why" }, item.reason))));
}

function showRollback() {
  const story = live.story, target = story ? story.rollback_to : null, can = live.rollback && (!story || story.rollback);
  const name = target === null ? "what answered before" : `version ${target}`;
  const gone = story && story.candidate !== null ? ` Version ${story.candidate}'s release ends.` : "";
  page("ask").disabled = !can;
  page("ask").textContent = target === null ? "Roll back" : `Roll back to version ${target}`;
  say("target", !live.rollback ? "This server knows no home to roll back in; run “leadscore rollback” there."
    : !can ? "There is no earlier version to go back to." : `${name[0].toUpperCase()}${name.slice(1)} answers all leads again, at once.${gone}`);
  if (page("dialog").open) return; // What was promised when it was opened is what is asked for.
  promised = target;
  say("consequence", `${name[0].toUpperCase()}${name.slice(1)} will answer all leads at once.${gone} What is taken back is not released again unless a person names it.`);
}

function show() {
  showHead();
  showClock();
  showVariants();
  for (const id of Object.keys(CHARTS)) showChart(id);
  showAgreement();
  showStory();
  showRollback();
}

async function look() {
  const mine = ++asked;
  try {
    const answer = await fetch("/live.json", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    const found = await answer.json();
    if (!answer.ok || mine !== asked) return;
    live = found;
    heard = Date.now();
    skew = live.at - heard / 1000;
    show();
  } catch { showClock(); }
}

async function follow() {
  if (!document.hidden) await look();
  setTimeout(follow, EVERY);
}

async function rollBack(event) {
  event.preventDefault();
  page("confirm").disabled = true;
  say("refused", "");
  try {
    const answer = await fetch("/rollback", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${page("token").value.trim()}` },
      body: JSON.stringify({ reason: page("why").value, to: promised }),
    });
    const found = await answer.json();
    if (answer.ok) finished(found);
    else say("refused", found.error || `The server answered ${answer.status}.`);
  } catch (error) {
    say("refused", `The server does not answer (${error.message}); run “leadscore rollback”.`);
  }
  page("confirm").disabled = false;
}

function finished(found) {
  page("dialog").close();
  page("outcome").className = "outcome done";
  say("outcome", `Version ${found.version} answers: ${found.reason}`);
  look();
}

page("ask").addEventListener("click", () => { say("refused", ""); page("dialog").showModal(); });
page("cancel").addEventListener("click", () => page("dialog").close());
page("dialog").addEventListener("close", () => { page("token").value = ""; });
page("form").addEventListener("submit", rollBack);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
window.addEventListener("resize", () => { if (live) show(); });
setInterval(showClock, 1000);
follow();
