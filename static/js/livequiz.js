// A live quiz: the socket says "changed", the page asks for its moving part again. A phone that was away (locked, out
// of reach, on another network) asks at once when it is back; without a socket everything comes a few seconds later.
const FIRST_WAIT = 250, LONGEST_WAIT = 5000; // ms
const CALM = 15000, ALONE = 3000; // ms between two looks, with and without a socket
const pill = document.querySelector("[data-follow]");
let socket = null, wait = FIRST_WAIT, timer = 0, asking = false, again = false;

function show(state) {
  if (pill.dataset.state === state) return;
  pill.dataset.state = state;
  pill.textContent = pill.dataset[state];
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const opened = new WebSocket(`${scheme}://${location.host}${pill.dataset.follow}`);
  socket = opened;
  opened.addEventListener("open", () => { wait = FIRST_WAIT; refresh(); });
  opened.addEventListener("message", refresh);
  opened.addEventListener("close", () => {
    if (opened !== socket) return;
    setTimeout(connect, wait * (0.8 + Math.random() * 0.4));
    wait = Math.min(wait * 2, LONGEST_WAIT);
    plan();
  });
}

const connected = () => socket?.readyState === WebSocket.OPEN;

function plan() {
  clearTimeout(timer);
  timer = setTimeout(refresh, (connected() ? CALM : ALONE) * (0.8 + Math.random() * 0.4));
}

async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    await look();
    show("live");
    resend();
  } catch {
    show("connecting");
  }
  asking = false;
  plan();
  if (again) { again = false; refresh(); }
}

async function look() {
  const answer = await fetch(document.getElementById("stage").dataset.refresh, { headers: { "X-Live": "1" }, cache: "no-store" });
  if (answer.redirected) return location.assign(answer.url); // no longer in the session
  if (answer.status === 404) return location.assign("/quiz/"); // the session is gone
  if (answer.status !== 200) { if (answer.status !== 204) throw new Error(answer.status); return; }
  replace(await answer.text());
}

function replace(text) {
  const old = document.getElementById("stage");
  const opened = [...old.querySelectorAll("details[id]")].map((one) => [one.id, one.open]);
  const focused = document.activeElement?.id ?? "";
  const template = document.createElement("template");
  template.innerHTML = text; // rendered and escaped by our own server
  const fresh = template.content.firstElementChild;
  const same = fresh.dataset.stage === old.dataset.stage;
  old.replaceWith(fresh);
  if (same) for (const [id, open] of opened) { const one = document.getElementById(id); if (one) one.open = open; }
  // What was in focus stays so; a new question is read out from its beginning.
  const focus = document.getElementById(focused) ?? (same ? null : document.getElementById("main"));
  focus?.focus({ preventScroll: true });
  if (!same) scrollTo(0, 0);
  window.htmx?.process(fresh);
  restore();
}

// An answer that found no server waits in its form, and goes as soon as there is one.
function resend() {
  const form = document.querySelector("form[data-answer][data-unsent]");
  if (!form) return;
  delete form.dataset.unsent;
  if (form.querySelector("fieldset:not(:disabled)")) form.requestSubmit();
}

// What is ticked and not sent yet outlives a reload: it is kept in this tab, by question.
const draft = (form) => `minikweb-quiz ${form.action} ${form.elements.number.value}`;

function keep(event) {
  const form = event.target.closest("form[data-answer]");
  if (form) sessionStorage.setItem(draft(form), JSON.stringify(new FormData(form).getAll("option")));
}

function restore() {
  const form = document.querySelector("form[data-answer]");
  const kept = form?.querySelector("fieldset:not(:disabled)") && sessionStorage.getItem(draft(form));
  if (kept) for (const box of form.querySelectorAll("[name=option]")) box.checked = JSON.parse(kept).includes(box.value);
}

if (pill) {
  restore();
  document.addEventListener("change", keep);
  connect();
  plan();
  addEventListener("online", refresh);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const form = event.target.closest("form[data-answer]");
      if (form) form.dataset.unsent = "";
      show("connecting");
      plan();
    });
  }
}
