// @ts-check
// The card: reads the rest of the chats after the first paint and adds people
// without leaving the page. Every request posts the very form that a browser
// without scripts would post; the answers are pieces of the same page.

import { portal } from './joinline.js';
import { picker } from './picker.js';

const form = /** @type {HTMLFormElement} */ (document.getElementById('card'));
const voice = /** @type {HTMLElement} */ (document.getElementById('say'));
const people = picker(form, find, add);

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (button instanceof HTMLButtonElement && button.value === 'refresh') readChats();
  else add();
});

form.addEventListener('change', (event) => {
  const chat = event.target;
  const into = document.getElementById('into');
  if (into && chat instanceof HTMLInputElement && chat.name === 'chat') into.textContent = chat.dataset.into ?? '';
});

if (document.querySelector('#chats[data-partial]')) readChats();

async function readChats() {
  const chats = document.getElementById('chats');
  chats?.setAttribute('aria-busy', 'true');
  if (!(await show('/card/chats'))) document.getElementById('chats')?.removeAttribute('aria-busy');
}

let adding = false;

async function add() {
  if (adding) return;
  adding = true;
  form.classList.add('adding');
  const button = document.querySelector('#target button');
  button?.setAttribute('aria-disabled', 'true');
  speak(button instanceof HTMLElement ? button.dataset.busy : '');
  try {
    await show('/card/add');
    if (document.querySelector('#results[data-stale]')) readChats();
  } finally {
    adding = false;
    form.classList.remove('adding');
    button?.removeAttribute('aria-disabled');
    people.focus();
  }
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
  let answer;
  try {
    answer = await post(url, signal);
    if (answer.status === 401 && (await renewed())) answer = await post(url, signal);
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
 * @param {AbortSignal} [signal]
 */
function post(url, signal) {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, String(value));
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
  const visit = form.elements.namedItem('visit');
  if (!portal || !(visit instanceof HTMLInputElement)) return false;
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
  for (const piece of [...answer.content.children]) {
    document.getElementById(piece.id)?.replaceWith(piece);
    if (piece instanceof HTMLElement) speak(piece.dataset.say);
  }
  people.refresh();
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
