// @ts-check
// The card: reads the rest of the chats after the first paint and adds people
// without leaving the page. Every request posts the very form that a browser
// without scripts would post; the answers are pieces of the same page.

import { portal } from './joinline.js';
import { picker } from './picker.js';

const form = /** @type {HTMLFormElement} */ (document.getElementById('card'));
const visit = /** @type {HTMLInputElement} */ (form.elements.namedItem('visit'));
const voice = /** @type {HTMLElement} */ (document.getElementById('say'));
const people = picker(form, find, add);

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (button instanceof HTMLButtonElement && button.value === 'refresh') readChats();
  else add();
});

form.addEventListener('change', (event) => {
  if (event.target instanceof HTMLInputElement && event.target.name === 'chat') {
    lost = false;
    tellTarget(event.target);
  }
});

let lost = false; // the chosen chat takes nobody any more, and no other was chosen since

/** @returns {HTMLInputElement | null} the chat that is chosen now */
function chosenChat() {
  return form.querySelector('input[name=chat]:checked');
}

/** @param {HTMLInputElement | null} chat is what the line beside the button names */
function tellTarget(chat) {
  const into = document.getElementById('into');
  const sees = document.getElementById('sees');
  if (into) into.textContent = chat?.dataset.into ?? document.getElementById('target')?.dataset.gone ?? '';
  if (sees && chat) sees.textContent = chat.dataset.sees ?? '';
}

/**
 * Keeps the chat that was chosen before the list was replaced. No other chat
 * ever takes its place by itself.
 * @param {string | undefined} id
 */
function keepChat(id) {
  const again = id ? document.getElementById(id) : null;
  if (id) lost = !again;
  if (!id && !lost || !form.querySelector('input[name=chat]')) return; // the server has said it all
  const now = chosenChat();
  if (now) now.checked = false;
  if (again instanceof HTMLInputElement) again.checked = true;
  tellTarget(chosenChat());
}

if (document.querySelector('#chats[data-partial]')) readChats();

async function readChats() {
  document.getElementById('chats')?.setAttribute('aria-busy', 'true');
  if (await show('/card/chats')) return;
  document.getElementById('chats')?.removeAttribute('aria-busy');
  for (const promise of document.querySelectorAll('[data-reading]')) promise.remove();
}

/** @type {Set<string | undefined> | null} whom the add that is under way is about */
let adding = null;

async function add() {
  if (adding) return;
  adding = new Set(people.chosen());
  speak(tellAdding());
  expect();
  try {
    if ((await show('/card/add')) && document.querySelector('#results[data-stale]')) readChats();
  } finally {
    adding = null;
    for (const ghost of document.querySelectorAll('.ghost')) ghost.remove();
    tellAdding();
    people.focus();
  }
}

const LINE = 112; // pixels that the line about one person takes on a phone, with what helps

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
  const row = chosenChat()?.closest('.chat');
  const members = row?.querySelector('.people');
  for (const chip of chips.children) {
    const ghost = document.createElement('li');
    ghost.className = 'ghost';
    ghost.ariaHidden = 'true';
    const face = Object.assign(document.createElement('span'), { className: 'face' });
    const words = [...(chip.querySelector('label')?.childNodes ?? [])].filter((node) => node instanceof Text);
    ghost.append(face, words.map((node) => node.textContent).join(' ').trim());
    members?.insertBefore(ghost, members.lastElementChild); // the customer, or how many more there are
  }
  if (row instanceof HTMLElement) held.set(row.id, row.offsetHeight);
  held.set(chips.id, chips.offsetHeight);
  if (chats.offsetTop >= adds.offsetTop + adds.offsetHeight) {
    held.set(adds.id, adds.offsetHeight + (chips.childElementCount + 0.5) * LINE);
  }
  holdStill();
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

/**
 * Posts the form and puts the pieces of the answer in their places.
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<boolean>} whether the server did what was asked
 */
async function show(url, signal) {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, String(value));
  let answer;
  try {
    answer = await post(url, body, signal);
    if (answer.status === 401 && (await renewed())) {
      body.set(visit.name, visit.value); // the rest is what the person asked for then
      answer = await post(url, body, signal);
    }
    const html = await answer.text();
    if (!signal?.aborted) swap(html);
  } catch (failure) {
    if (signal?.aborted) return false;
    trouble(form.dataset.offline ?? String(failure));
    return false;
  }
  return answer.ok;
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
 */
function swap(html) {
  const answer = document.createElement('template');
  answer.innerHTML = html;
  trouble('');
  const picked = chosenChat()?.id;
  for (const piece of [...answer.content.children]) {
    // Whom people chose or took back meanwhile is theirs to decide.
    if (piece.id === 'chosen' && adding) people.settle(adding, piece);
    else document.getElementById(piece.id)?.replaceWith(piece);
    if (piece instanceof HTMLElement) speak(piece.dataset.say);
  }
  keepChat(picked);
  holdStill();
  people.refresh();
  tellAdding();
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
