// The daemon's HTTP: questions, and its events.

const listeners = new Map();
export function on(what, handler) {
  if (!listeners.has(what)) listeners.set(what, new Set());
  listeners.get(what).add(handler);
  return () => listeners.get(what).delete(handler);
}
function emit(what, value) {
  for (const handler of listeners.get(what) || []) handler(value);
}

export class Failure extends Error {
  constructor(status, answer) {
    super(answer.error || `HTTP ${status}`);
    this.status = status;
    this.answer = answer;
  }
}

// The token stays in this tab; one behind `#token=` is taken and removed from the address.
const KEY = "parseltongue-token";
let asking = null;
let askForToken = async () => null;
export const onToken = (ask) => (askForToken = ask);
const given = /[#&]token=([^&]+)/.exec(location.hash);
if (given) {
  sessionStorage.setItem(KEY, decodeURIComponent(given[1]));
  history.replaceState(null, "", location.pathname);
}
function headers() {
  const token = sessionStorage.getItem(KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
}
// A daemon that has just begun reads its store first.
const BEGINNING = 50, BEGINNING_MS = 200;
async function authorized(path, options = {}) {
  for (;;) {
    const response = await fetch(path, { ...options, headers: headers() });
    if (response.status !== 401) return response;
    asking ||= askForToken().finally(() => (asking = null));
    const token = await asking;
    if (!token) return response;
    sessionStorage.setItem(KEY, token);
  }
}

export async function get(path, signal) {
  let response;
  try {
    for (let tries = 0; tries < BEGINNING; tries++) {
      response = await authorized(path, { signal });
      if (response.status !== 503) break;
      await new Promise((done) => setTimeout(done, BEGINNING_MS));
    }
  } catch (error) {
    if (error.name !== "AbortError") emit("connection", false);
    throw error;
  }
  emit("connection", true);
  const answer = await response.json();
  if (!response.ok) throw new Failure(response.status, answer);
  return answer;
}

export async function ask(command, parameters = {}, signal) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== null && value !== "" && value !== false) query.set(name, value);
  const begun = performance.now();
  const answer = await get(`/api/v1/${command}?${query}`, signal);
  emit("answer", { answer, ms: performance.now() - begun });
  return answer;
}

// An item as a target: its path, and where that names several or is no name (an impl's), the place where it stands, as long as
// it still does.
export async function askItem(command, item, parameters = {}, signal) {
  try {
    return await ask(command, { target: item.path, ...parameters }, signal);
  } catch (error) {
    if (!(error instanceof Failure) || ![404, 409].includes(error.status) || !item.at) throw error;
    const there = await ask("where-defined", { target: item.at }, signal).catch(() => null);
    if (!there?.results.some((row) => row.path === item.path)) throw error;
    return ask(command, { target: item.at, ...parameters }, signal);
  }
}

// Server-sent events by fetch, which bears the token; taken up again when the daemon comes back.
export async function listen() {
  let wait = 500;
  for (;;) {
    try {
      const response = await authorized("/events");
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      emit("connection", true);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        wait = 500;
        text += value;
        for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
          const data = text.slice(0, end).split("\n").filter((l) => l.startsWith("data:")).map((l) => l.slice(5)).join("\n");
          if (data) emit("update", JSON.parse(data));
        }
      }
    } catch {
      // told below
    }
    emit("connection", false);
    await new Promise((done) => setTimeout(done, wait));
    wait = Math.min(wait * 2, 8000);
  }
}
