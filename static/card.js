// @ts-check
// The card: reads the rest of the chats after the first paint and adds people
// without leaving the page. Every request posts the very form that a browser
// without scripts would post; the answers are pieces of the same page.

import { portal } from './joinline.js';
import { picker } from './picker.js';
import { addOneByOne } from './adding.js';
import { remark } from './remark.js';
import { suggestions } from './suggest.js';

const form = /** @type {HTMLFormElement} */ (document.getElementById('card'));
const visit = /** @type {HTMLInputElement} */ (form.elements.namedItem('visit'));
const voice = /** @type {HTMLElement} */ (document.getElementById('say'));
const early = suggestions(() => chosenChats().map((chat) => chat.id).join(), () => people.chosen(), suggest);
const people = picker(form, find, add, early.show, lookAt, (ref) => lists((list) => ref ? list.take(ref) : list.gather()));
const why = remark(form, fields, swap);

/** @type {Promise<ReturnType<typeof import('./list.js').lists>> | null} */
let list = null;

/** @param {(list: ReturnType<typeof import('./list.js').lists>) => void} use what few need */
async function lists(use) {
  list ??= import('./list.js').then((module) => module.lists(form, people, fields, swap));
  await list.then(use, () => {
    list = null;
    trouble(form.dataset.offline ?? '');
  });
}

if (document.querySelector('#lines *, #squads[open]')) lists(() => {});
form.addEventListener('toggle', ({ target }) => {
  if (target instanceof Element && target.id === 'squads') lists((list) => list.unfold());
}, true);

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const button = event.submitter;
  const wish = button instanceof HTMLButtonElement ? button.value : '';
  if (wish === 'refresh') readChats();
  else if (wish === 'all') chooseAll();
  else if (button instanceof HTMLButtonElement && button.formAction.match(/\/card\/(remove|join|observe|dialog|ask|wish|unwish)$/)) change(button);
  else if (button instanceof HTMLButtonElement && button.name === 'past') tellPast(button);
  else add();
});

form.addEventListener('change', (event) => {
  if (event.target instanceof HTMLInputElement && event.target.name === 'chat') {
    lost = false;
    tellTarget();
  }
});

document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof Element && event.target.matches('input:not([type=checkbox]), textarea, select');
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  people.focus();
});

let lost = false; // all chats that were chosen take nobody any more, and no other was chosen since

/** @returns {HTMLInputElement[]} the chats that are chosen now */
function chosenChats() {
  return [...form.querySelectorAll('input[name=chat]:checked')].filter((box) => box instanceof HTMLInputElement);
}

function chooseAll() {
  for (const box of form.querySelectorAll('input[name=chat]')) if (box instanceof HTMLInputElement) box.checked = true;
  lost = false;
  tellTarget();
}

/**
 * Shows who was added to a chat, and when, in the place of the button.
 * @param {HTMLButtonElement} button
 */
async function tellPast(button) {
  const place = button.parentElement?.id ?? '';
  const answer = await fields('/card/journal', [[button.name, button.value], ['zone', Intl.DateTimeFormat().resolvedOptions().timeZone ?? '']]);
  if (!answer?.ok) return;
  swap(await answer.text(), true);
  const shown = document.querySelector(`#${place} summary`);
  if (shown instanceof HTMLElement) shown.focus({ preventScroll: true });
}

/**
 * Has somebody leave or join a chat.
 * @param {HTMLButtonElement} button
 */
function change(button) {
  if (adding || button.ariaDisabled === 'true') return;
  button.ariaDisabled = 'true';
  /** @type {[string, string][]} */
  const more = [[button.name, button.value]];
  if ('line' in button.dataset) more.push(['line', '1']);
  const about = button.closest('.result');
  show(new URL(button.formAction).pathname, undefined, more).then((done) => {
    if (!done) button.ariaDisabled = null;
    else if (document.querySelector('#results [data-stale]')) readChats();
    else if (about instanceof HTMLElement && document.getElementById(about.id)?.matches('[data-ref=""]')) {
      const before = people.all().length;
      people.keepOnly(new Set([about.dataset.user]), new Set()); // nothing is left to do for them
      if (before && !people.all().length) why.next();
    }
  });
}

/** Names the chosen chats beside the button. */
function tellTarget() {
  const into = document.getElementById('into');
  const sees = document.getElementById('sees');
  const { gone, choose, into: pattern, sees: loud, silent } = document.getElementById('target')?.dataset ?? {};
  const chats = chosenChats();
  const names = chats.map((chat) => chat.dataset.called).join('; ');
  if (into) into.textContent = (names ? pattern?.replace('{}', names) : lost ? gone : choose) ?? '';
  if (sees) sees.textContent = (chats.length && chats.every((chat) => 'silent' in chat.dataset) ? silent : loud) ?? '';
}

/**
 * Keeps the chats that were chosen before the list was replaced. No other chat
 * ever takes their place by itself.
 * @param {string[]} ids
 */
function keepChats(ids) {
  const boxes = [...form.querySelectorAll('input[name=chat]')].filter((box) => box instanceof HTMLInputElement);
  const left = boxes.filter((box) => ids.includes(box.id));
  if (ids.length) lost = !left.length;
  if (!ids.length && !lost || !boxes.length) return; // the server has said it all
  for (const box of boxes) box.checked = left.includes(box);
  tellTarget();
}

const REFRESH = 25_000; // milliseconds after which the chats are looked at again
const PATIENCE = 300_000; // milliseconds, the most, when the server would not tell

let pause = REFRESH;
let looked = Date.now();
let timer = 0;

if (document.querySelector('#chats[data-partial]')) readChats();
else wait();
document.addEventListener('visibilitychange', wait);

async function readChats() {
  document.getElementById('chats')?.setAttribute('aria-busy', 'true');
  const read = await show('/card/chats');
  wait();
  if (read) return;
  document.getElementById('chats')?.removeAttribute('aria-busy');
  for (const promise of document.querySelectorAll('[data-reading]')) promise.remove();
}

/** Looks at the chats again after a while, unless nobody sees the page. */
function wait() {
  clearTimeout(timer);
  if (document.visibilityState !== 'visible') return;
  timer = window.setTimeout(look, Math.max(0, looked + pause - Date.now()));
}

/** Shows how the chats stand now, and nothing where nothing has changed. */
async function look() {
  looked = Date.now();
  const shown = document.getElementById('chats');
  if (!adding && shown && !shown.ariaBusy) {
    /** @type {[string, string][]} */
    const list = [...shown.querySelectorAll('[data-known]')].map((row) => ['known', row.getAttribute('data-known') ?? '']);
    for (const chat of chosenChats()) list.push(['chat', chat.value]);
    const answer = await send('/card/chats', new URLSearchParams([[visit.name, visit.value], ...list])).catch(() => null);
    pause = answer?.ok ? REFRESH : Math.min(2 * pause, PATIENCE);
    const html = answer?.ok ? await answer.text() : '';
    if (html && !adding && changed(html, shown)) swap(html, true);
  }
  wait();
}

/**
 * @param {string} html
 * @param {HTMLElement} shown
 * @returns {boolean} whether the answer shows other chats than the page does
 */
function changed(html, shown) {
  const answer = document.createElement('template');
  answer.innerHTML = html;
  const fresh = answer.content.getElementById('chats');
  return document.getElementById('chats') === shown && !!fresh && plain(fresh) !== plain(shown);
}

/**
 * A list of chats without what is sealed anew each time, and without what people chose.
 * @param {HTMLElement} list
 */
function plain(list) {
  return list.innerHTML.replace(/ (value|data-known)="[^"]*"| (checked|style)="[^"]*"/g, '');
}

/** @type {Set<string | undefined> | null} whom the add that is under way is about */
let adding = null;

async function add() {
  const groups = asked();
  const many = groups[0]?.people.length ?? 0;
  const lacks = many ? why.missing() || unsure(many) : '';
  if (lacks) return trouble(lacks);
  if (groups.length * (groups[0]?.people.length ?? 0) > 1) return run(groups);
  await busy(people.chosen(), async () => {
    expect();
    return show('/card/add');
  });
}

/**
 * Asks once more where many are to be added.
 * @param {number} many
 * @returns {string} what to say; "" when nothing is to be asked
 */
function unsure(many) {
  const line = document.getElementById('sure-line');
  const box = /** @type {HTMLInputElement | null} */ (document.getElementById('sure'));
  if (!line || !box || box.checked || many <= Number(line.dataset.above)) return '';
  line.hidden = false;
  box.focus();
  return line.dataset.asks ?? '';
}

/** @returns {import('./adding.js').Group[]} who is to be added where, as the form stands */
function asked() {
  const chosen = people.all();
  return chosenChats().map((chat) => ({
    ref: chat.value, id: chat.id.replace('pick-', ''), called: chat.dataset.called ?? '', people: chosen,
  }));
}

/**
 * Adds one by one, and takes back the chips of those with whom nothing is left to do.
 * @param {import('./adding.js').Group[]} groups
 */
async function run(groups) {
  const whom = groups.flatMap((group) => group.people.map((person) => person.user));
  await busy(whom, async () => {
    expect();
    problem = '';
    await addOneByOne(groups, fields, swap, why.said());
    if (problem) swap(problem); // what came after has taken its place
    const missing = [...document.querySelectorAll('#results .result[data-ref]:not([data-ref=""])')];
    people.keepOnly(new Set(whom), new Set(missing.map((line) => line.getAttribute('data-user') ?? '')));
    await why.tell();
    return true;
  });
}

/**
 * @param {(string | undefined)[]} whom
 * @param {() => Promise<boolean>} work tells whether anything was done
 */
async function busy(whom, work) {
  if (adding) return;
  adding = new Set(whom);
  speak(tellAdding());
  try {
    if (await work() && document.querySelector('#results[data-stale], #results [data-stale]')) readChats();
  } finally {
    adding = null;
    for (const ghost of document.querySelectorAll('.ghost')) ghost.remove();
    tellAdding();
    tools();
    if (whom.length && !people.all().length) why.next();
    people.focus();
  }
}

/** Offers what can be done with the results. */
function tools() {
  const results = document.getElementById('results');
  const head = results?.querySelector('.head');
  if (!results || !head || head.querySelector('button')) return;
  const lines = [...results.querySelectorAll('.result')];
  const button = (/** @type {string} */ label, /** @type {() => void} */ press) => {
    const tool = Object.assign(document.createElement('button'), { type: 'button', className: 'quiet', textContent: label });
    tool.addEventListener('click', press);
    head.append(tool);
  };
  if (lines.length > 1 && lines.some((line) => line.getAttribute('data-ref'))) button(results.dataset.retry ?? '', retry);
  if (lines.length > 1) button(results.dataset.copy ?? '', copy);
}

/** Tries once more those, and only those, who were not added; the others keep their lines. */
async function retry() {
  if (adding) return;
  const sections = [...document.querySelectorAll('#results .told')].filter((told) => told instanceof HTMLElement);
  /** @type {[string, Element[]][]} */
  const done = sections.map((told) => [told.id, [...told.querySelectorAll('.result:not([data-ref]), .result[data-ref=""]')]]);
  const groups = sections.map((told) => ({
    ref: told.dataset.ref ?? '', id: told.id.replace('told-', ''), called: told.querySelector('h3')?.textContent ?? '',
    people: [...told.querySelectorAll('.result[data-ref]:not([data-ref=""])')].filter((line) => line instanceof HTMLElement)
      .map((line) => ({ ref: line.dataset.ref ?? '', user: line.dataset.user ?? '', name: line.dataset.name ?? '' })),
  }));
  await run(groups.filter((group) => group.people.length));
  const results = document.getElementById('results');
  for (const [id, lines] of done) {
    const told = document.getElementById(id) ?? sections.find((section) => section.id === id);
    if (told && !told.isConnected) results?.append(told);
    if (told?.isConnected && lines.length) told.querySelector('ul')?.prepend(...lines);
  }
}

/** Copies the results as text. In a portal's frame the newer way is barred, so this is the older one. */
function copy() {
  const results = /** @type {HTMLElement} */ (document.getElementById('results'));
  const text = [...results.querySelectorAll('.told h3, .result'), ...document.querySelectorAll('#remarked .result')].filter((line) => line instanceof HTMLElement && line.offsetParent)
    .map((line) => line.innerText.replace(/\s*\n\s*/g, ' ')).join('\n');
  const sheet = Object.assign(document.createElement('textarea'), { className: 'unseen', value: text });
  document.body.append(sheet);
  sheet.select();
  const copied = document.execCommand('copy');
  sheet.remove();
  if (copied) speak(results.dataset.copied);
  people.focus();
}

const LINE = 160; // pixels that the line about one person takes on a phone, with what helps and its button

/** @type {Map<string, number>} how tall elements stay until the form is used next, by id */
const held = new Map();

for (const type of ['input', 'click']) form.addEventListener(type, () => adding || letGo());

function letGo() {
  for (const id of held.keys()) document.getElementById(id)?.style.removeProperty('min-height');
  held.clear();
}

function holdStill() {
  for (const [id, height] of held) document.getElementById(id)?.style.setProperty('min-height', `${height}px`);
}

/**
 * Makes room for the answer to an add, so that nothing moves away under a
 * finger when it comes: whoever is chosen stands as a ghost among the people of
 * the chat, and the lines about them have their place above the chats.
 */
function expect() {
  const adds = /** @type {HTMLElement} */ (document.getElementById('adds'));
  const chips = /** @type {HTMLElement} */ (document.getElementById('chosen'));
  const chats = /** @type {HTMLElement} */ (document.getElementById('chats'));
  letGo();
  document.getElementById('results')?.replaceChildren();
  why.clear();
  const rows = chosenChats().map((chat) => chat.closest('.chat')).filter((row) => row instanceof HTMLElement);
  for (const row of rows) {
    const members = row.querySelector('.people');
    for (const chip of chips.children) members?.insertBefore(ghost(chip), members.lastElementChild); // the customer, or how many more there are
    held.set(row.id, row.offsetHeight);
  }
  held.set(chips.id, chips.offsetHeight);
  if (chats.offsetTop >= adds.offsetTop + adds.offsetHeight) {
    held.set(adds.id, adds.offsetHeight + (chips.childElementCount * rows.length + why.lines() / 2 + 0.5) * LINE);
  }
  holdStill();
}

/** @param {Element} chip of whoever may soon stand among the people of a chat */
function ghost(chip) {
  const shade = document.createElement('li');
  shade.className = 'ghost';
  shade.ariaHidden = 'true';
  const face = Object.assign(document.createElement('span'), { className: 'face' });
  const words = [...(chip.querySelector('label')?.childNodes ?? [])].filter((node) => node instanceof Text);
  shade.append(face, words.map((node) => node.textContent).join(' ').trim());
  return shade;
}

/** Has the button say whether people are being added now, and returns what it says. */
function tellAdding() {
  const button = document.querySelector('#target button');
  if (!(button instanceof HTMLElement)) return '';
  button.dataset.idle ??= button.textContent ?? '';
  if (adding) button.setAttribute('aria-disabled', 'true');
  else button.removeAttribute('aria-disabled');
  return (button.textContent = (adding ? button.dataset.busy : '') || button.dataset.idle);
}

/** @param {AbortSignal} signal */
function find(signal) {
  return show('/card/find', signal);
}

/** @param {AbortSignal} signal */
async function suggest(signal) {
  const chats = chosenChats().map((chat) => ['chat', chat.value]);
  const answer = await send('/card/suggest', new URLSearchParams([[visit.name, visit.value], ...chats]), signal);
  return answer.ok ? answer.text() : '';
}

/**
 * Shows whether people found are active or absent now, and who may be refused.
 * @param {string[]} refs
 * @param {AbortSignal} signal
 */
async function lookAt(refs, signal) {
  /** @type {[string, string][]} */
  const list = [...refs.map((ref) => ['person', ref]), ...chosenChats().map((chat) => ['chat', chat.value])];
  const answer = await send('/card/presence', new URLSearchParams([[visit.name, visit.value], ...list]), signal).catch(() => null);
  const html = answer?.ok ? await answer.text().catch(() => '') : '';
  if (!html || signal.aborted) return;
  swap(html, true);
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  for (const now of document.querySelectorAll('#found [data-until]')) {
    if (now instanceof HTMLElement) now.textContent = (now.dataset.absent ?? '').replace('{}', day.format(new Date(now.dataset.until ?? '')));
  }
}

/**
 * Posts the form and puts the pieces of the answer in their places.
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @param {[string, string][]} [more] fields
 * @returns {Promise<boolean>} whether the server did what was asked
 */
async function show(url, signal, more = []) {
  const body = new URLSearchParams(more);
  for (const [name, value] of new FormData(form)) body.append(name, String(value));
  try {
    const answer = await send(url, body, signal);
    const html = await answer.text();
    if (!signal?.aborted) swap(html);
    return answer.ok;
  } catch (failure) {
    if (!signal?.aborted) trouble(form.dataset.offline ?? String(failure));
    return false;
  }
}

let problem = ''; // what the server complained of last

/**
 * Posts fields with the visit. Null: the server cannot be reached.
 * @type {import('./adding.js').Post}
 */
async function fields(url, list) {
  const body = new URLSearchParams([[visit.name, visit.value], ...list]);
  for (;;) {
    const answer = await send(url, body).catch(() => null);
    if (answer?.status !== 429) {
      if (!answer) trouble(form.dataset.offline ?? '');
      else if (!answer.ok) swap(problem = await answer.text());
      return answer;
    }
    const seconds = Number(answer.headers.get('Retry-After')) || 1; // it did nothing yet
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  }
}

/**
 * Posts a form, with a fresh visit when the old one has ended.
 * @param {string} url
 * @param {URLSearchParams} body
 * @param {AbortSignal} [signal]
 */
async function send(url, body, signal) {
  const answer = await post(url, body, signal);
  if (answer.status !== 401 || !(await renewed())) return answer;
  body.set(visit.name, visit.value); // the rest is what the person asked for then
  return post(url, body, signal);
}

/**
 * @param {string} url
 * @param {URLSearchParams} body
 * @param {AbortSignal} [signal]
 */
function post(url, body, signal) {
  return fetch(url, { method: 'POST', body, signal, headers: { 'X-Joinline': '1' } });
}

/** @type {Promise<boolean> | null} */
let renewing = null;

/** Gets a fresh visit for fresh tokens of the portal; one at a time. */
function renewed() {
  renewing ??= renew().catch(() => false).finally(() => { renewing = null; });
  return renewing;
}

async function renew() {
  if (!portal) return false;
  const { AUTH_ID, REFRESH_ID, AUTH_EXPIRES } = await portal.refreshAuth();
  const answer = await fetch('/visit', {
    method: 'POST',
    headers: { 'X-Joinline': '1' },
    body: new URLSearchParams({ visit: visit.value, AUTH_ID, REFRESH_ID, AUTH_EXPIRES: String(AUTH_EXPIRES) }),
  });
  if (!answer.ok) return false;
  visit.value = (await answer.json()).visit;
  return true;
}

/**
 * Replaces each element of the page that the answer holds anew, by its id.
 * @param {string} html
 * @param {boolean} [quietly] nobody asked for it, so nothing is said
 */
function swap(html, quietly) {
  const answer = document.createElement('template');
  answer.innerHTML = html;
  if (!quietly) trouble('');
  const picked = chosenChats().map((chat) => chat.id);
  const back = focused();
  for (const piece of [...answer.content.children]) {
    // Whom people chose or took back meanwhile is theirs to decide.
    if (piece.id === 'chosen' && adding) people.keepOnly(adding, people.of(piece));
    else document.getElementById(piece.id)?.replaceWith(piece);
    if (/^(chat|squads)/.test(piece.id)) early.forget(); // others are in the chats now, or other squads there
    if (piece instanceof HTMLElement && !quietly) speak(piece.dataset.say);
  }
  keepChats(picked);
  holdStill();
  people.refresh();
  tellAdding();
  back();
}

/** Returns what gives the focus back where an element that held it was replaced. */
function focused() {
  const held = document.activeElement;
  const places = [];
  for (let place = held?.closest('[id]'); place; place = place.parentElement?.closest('[id]')) places.push(place.id);
  const label = held?.getAttribute('aria-label');
  return () => {
    if (!held || held.isConnected) return;
    for (const id of places) {
      const place = document.getElementById(id);
      const again = place?.matches('input, button, a') ? place
        : [...place?.querySelectorAll('button, a') ?? []].find((e) => label && e.getAttribute('aria-label') === label) ?? place?.querySelector('a, button');
      if (again instanceof HTMLElement) return again.focus({ preventScroll: true });
    }
  };
}

/** @param {string} text */
function trouble(text) {
  const place = document.getElementById('trouble');
  if (place) place.textContent = text;
}

/** @param {string | undefined} text for people who listen */
function speak(text) {
  if (text) voice.textContent = text;
}
