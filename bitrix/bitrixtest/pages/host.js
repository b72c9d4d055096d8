// The portal's side of its conversation with application frames.
//
// A frame knows the portal only by its own name, HOST|SECURE|SID, and talks by
// postMessage: "command:JSON:key:SID" up, "key:JSON" down. There is no negative
// answer: what the portal does not know or does not allow is met with silence.
// Commands: https://apidocs.bitrix24.com/sdk/bx24-js-sdk/

import { commands } from './commands.js';

const frames = new Map(); // sid → Frame

// What every frame asked, for tests: {sid, placement, command, params, dropped}.
window.__frameCalls = window.__frameCalls || [];

/** parse splits a message of a frame; null for anything else. */
export function parse(data) {
  if (data && typeof data === 'object') {
    const { method, params, callback, appSid } = data;
    if (typeof method !== 'string' || typeof appSid !== 'string') return null;
    return { command: method, params: params || {}, key: String(callback ?? ''), sid: appSid };
  }
  if (typeof data !== 'string') return null;
  const parts = data.split(':');
  if (parts.length < 3) return null;
  const command = parts.shift();
  const sid = parts.pop();
  const key = parts.pop();
  const json = parts.join(':'); // the JSON has colons of its own
  try {
    return { command, params: (json === '' ? null : JSON.parse(json)) ?? {}, key, sid };
  } catch {
    return null;
  }
}

/** Frame is one application opened on this page. */
class Frame {
  constructor(box, data, slider) {
    this.box = box; // the wrapper; resizing changes it, the iframe fills it
    this.data = data;
    this.slider = slider;
    this.iframe = box.querySelector('iframe');
    this.form = box.querySelector('form');
    this.events = new Map(); // event → keys that asked for it
    this.records = Promise.resolve();
  }

  is(name) {
    return this.data.switches.includes(name);
  }

  start() {
    // With the switch "sid" the frame is told another sid than the one the portal answers to.
    frames.set(this.is('sid') ? `not-${this.data.sid}` : this.data.sid, this);
    if (this.is('origin')) this.relay = relay();
    if (this.is('forged')) this.forger = forger();
    this.iframe.addEventListener('load', () => this.box.classList.add('is-loaded'), { once: true });
    this.form.submit();
  }

  stop() {
    for (const [sid, frame] of frames) if (frame === this) frames.delete(sid);
    this.relay?.remove();
    this.forger?.remove();
  }

  /** run carries one command out; silence when it is unknown here. */
  run({ command, params, key }) {
    if (this.data.denied.includes(command)) return;
    const own = this.data.interface.command.includes(command);
    const known = Object.hasOwn(commands, command) && (own || !commands[command].placement);
    if (known) commands[command](this, params, (value) => this.answer(key, value, command), key);
  }

  /** answer sends the reply of one key, with whatever mischief the switches ask for. */
  answer(key, value, command = '') {
    if (this.is('silent')) return;
    const text = value === undefined ? `${key}:` : `${key}:${JSON.stringify(value)}`;
    const send = () => {
      if (this.forger) this.forge(key, value, command);
      if (!this.relay) return this.iframe.contentWindow?.postMessage(text, this.data.origin);
      this.relay.ready.then(() => this.relay.say(this.iframe.contentWindow, text, this.data.origin));
    };
    if (this.is('late')) setTimeout(send, 1200);
    else send();
  }

  /** forge lets another frame of the portal's own origin answer first, and wrongly. */
  forge(key, value, command) {
    const lies = { forged: true };
    if (command === 'getInitData') Object.assign(lies, value, { AUTH_ID: 'forged', LANG: 'xx' });
    if (command === 'refreshAuth') Object.assign(lies, { AUTH_ID: 'forged', REFRESH_ID: 'forged', AUTH_EXPIRES: '3600' });
    this.forger.say(this.iframe.contentWindow, `${key}:${JSON.stringify(lies)}`, this.data.origin);
  }

  /** fire tells everybody in the frame who subscribed to the event. */
  fire(event, value) {
    for (const key of this.events.get(event) || []) this.answer(key, value);
  }

  /** ask calls the portal's server about this frame. */
  async ask(what, body) {
    const response = await fetch(`/_frame/${this.data.sid}/${what}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body ?? {}),
      keepalive: true,
    });
    if (!response.ok) throw new Error(`${what}: ${response.status}`);
    return response.status === 204 ? undefined : response.json();
  }

  record(message, dropped) {
    const call = { sid: message.sid, placement: this.data.placement, command: message.command, params: message.params, dropped };
    window.__frameCalls.push(call);
    this.records = this.records.then(() => this.ask('call', call)).catch(() => {});
  }
}

/** relay is a hidden page of another origin that sends answers on. */
function relay() {
  const iframe = document.createElement('iframe');
  iframe.hidden = true;
  iframe.title = 'relay';
  const origin = `${location.protocol}//elsewhere.localhost${location.port ? `:${location.port}` : ''}`;
  iframe.src = `${origin}/_frame/relay`;
  iframe.ready = new Promise((resolve) => iframe.addEventListener('load', resolve, { once: true }));
  iframe.say = (target, text, to) => {
    for (let i = 0; i < window.frames.length; i += 1) {
      if (window.frames[i] === target) iframe.contentWindow.postMessage({ index: i, text, to }, origin);
    }
  };
  document.body.append(iframe);
  return iframe;
}

/** forger is a hidden frame of the portal's origin; what it posts has another source than the page. */
function forger() {
  const iframe = document.createElement('iframe');
  iframe.hidden = true;
  iframe.title = 'forger';
  document.body.append(iframe);
  iframe.say = iframe.contentWindow.Function('target', 'text', 'to', 'target.postMessage(text, to)');
  return iframe;
}

window.addEventListener('message', (event) => {
  const message = parse(event.data);
  if (!message) return;
  const frame = frames.get(message.sid);
  if (!frame) {
    window.__frameCalls.push({ ...message, dropped: 'sid' });
    return;
  }
  if (event.origin !== frame.data.origin) {
    frame.record(message, 'origin');
    return;
  }
  frame.record(message);
  frame.run(message);
});

/**
 * openFrame asks the portal for an application frame and starts it inside the
 * container. The portal may answer with a notice instead. Resolves with the
 * frame, or null.
 */
export async function openFrame(container, query, slider) {
  const switches = new URLSearchParams(location.search).get('frame');
  const parameters = new URLSearchParams(query);
  if (switches !== null) parameters.set('frame', switches);
  container.setAttribute('aria-busy', 'true');
  const response = await fetch(`/_frame/open?${parameters}`);
  const answer = await response.text();
  container.removeAttribute('aria-busy');
  if (!response.ok) {
    const notice = document.createElement('p');
    notice.className = 'notice bad';
    notice.setAttribute('role', 'alert');
    notice.textContent = answer;
    container.replaceChildren(notice);
    return null;
  }
  container.innerHTML = answer;
  const data = container.querySelector('script[type="application/json"]');
  if (!data) return null;
  const frame = new Frame(container.querySelector('.appframe'), JSON.parse(data.textContent), slider);
  frame.query = query;
  frame.start();
  return frame;
}

/** find returns the frame with this sid; for tests and for the page. */
export function find(sid) {
  return frames.get(sid);
}

window.portalFrames = { find, all: () => [...frames.values()] };
