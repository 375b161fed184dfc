
"use strict";
const SECONDS = 2;
const main = document.getElementById("content"), state = document.getElementById("state");
const pause = document.getElementById("pause");
let seen = "";

// What belongs to the reader: folds, rows the filter hides, everything inside data-own.
const READERS = new Set(["open", "hidden"]);
const keyOf = (node) => node.dataset && node.dataset.key;
const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName;

// Makes `old` like `fresh` by changing only what differs, so that focus, selection and scrolling stay.
function mend(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if ("own" in old.dataset) return;
  for (const { name } of [...old.attributes]) if (!READERS.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (!READERS.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  mendChildren(old, fresh);
}

function mendChildren(old, fresh) {
  const wanted = new Set([...fresh.children].map(keyOf));
  for (const child of [...old.children]) if (keyOf(child) && !wanted.has(keyOf(child))) child.remove();
  const kept = new Map([...old.children].map((child) => [keyOf(child), child]));
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const key = keyOf(child);
    const match = key ? kept.get(key) : next && !keyOf(next) && alike(next, child) ? next : null;
    if (match) mend(match, child);
    if (match && match === next) next = next.nextSibling;
    else old.insertBefore(match || child, next);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

function show(html) {
  const focused = document.activeElement;
  const section = main.contains(focused) && focused.closest("section");
  const fresh = new DOMParser().parseFromString(`<main>${html}</main>`, "text/html").querySelector("main");
  mendChildren(main, fresh);
  if (section && !focused.isConnected) section.focus({ preventScroll: true });
  filter();
}

// Hides the requests that lack one of the words, wherever in the row they would stand.
function filter() {
  const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...main.querySelectorAll("[data-hit]")];
  let hits = 0;
  for (const row of rows) {
    const text = [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) hits += 1;
  }
  say(document.getElementById("found"), words.length ? `${hits} of the ${rows.length} requests shown` : "");
}

// A live region speaks whenever it is written to, so it is written to only when there is news.
function say(region, words) {
  if (region.textContent !== words) region.textContent = words;
}

async function refresh() {
  if (pause.getAttribute("aria-pressed") === "true" || document.hidden) return;
  try {
    const answer = await fetch(main.dataset.refresh, { headers: { "If-None-Match": seen } });
    if (answer.ok) {
      show(await answer.text());
      seen = answer.headers.get("ETag");
    }
    say(state, "This page follows along by itself.");
  } catch {
    say(state, "The sandbox does not answer: it has stopped, or is starting again.");
  }
}

// What a link leads to may be folded away.
function unfold() {
  let node = document.getElementById(location.hash.slice(1));
  const target = node;
  for (; node; node = node.parentElement) if (node.nodeName === "DETAILS") node.open = true;
  if (target) target.scrollIntoView();
}

async function follow() {
  await refresh();
  setTimeout(follow, SECONDS * 1000);
}

pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  if (paused) say(state, "The page stands still.");
});
document.addEventListener("visibilitychange", refresh);
addEventListener("hashchange", unfold);
main.querySelector(".search").hidden = false;
document.getElementById("filter").addEventListener("input", filter);
pause.hidden = false;
unfold();
follow();
