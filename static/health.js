// @ts-check
// Has the checks of the page made, group by group, shows each group as it is
// answered, and presses the buttons that put something right without leaving
// the page.

import { portal } from './joinline.js';

const place = /** @type {HTMLElement} */ (document.getElementById('health'));
const say = document.getElementById('say');
const order = ['fine', 'unchecked', 'attention', 'broken'];

const waiting = [...place.querySelectorAll('[data-group]')].filter((group) => group.querySelector('.checking'));
if (waiting.length > 0) examine(waiting.map((group) => group.getAttribute('data-group') ?? ''));
offerTakeover();

place.addEventListener('submit', (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !('cure' in form.dataset)) return;
  event.preventDefault();
  put(form);
});

/**
 * Has all groups looked at, at once.
 * @param {string[]} groups
 */
async function examine(groups) {
  place.setAttribute('aria-busy', 'true');
  const made = await Promise.all(groups.map(async (group) => {
    const done = await post('/home/health/check', [['group', group]]);
    if (!done) giveUp(group);
    return done;
  }));
  place.removeAttribute('aria-busy');
  if (made.every(Boolean)) sum();
}

/**
 * Says of the checks of a group that nobody made them.
 * @param {string} group
 */
function giveUp(group) {
  for (const check of place.querySelectorAll(`#checks-${group} .checking`)) {
    check.className = 'check unchecked';
    check.setAttribute('data-kind', 'unchecked');
    const kind = check.querySelector('.kind');
    if (kind) kind.textContent = place.dataset.unchecked ?? '';
  }
}

/**
 * Presses a button that puts something right. What the page then shows was
 * looked at afterwards.
 * @param {HTMLFormElement} form
 */
async function put(form) {
  const url = form.getAttribute('action') ?? '';
  const button = form.querySelector('button');
  button?.setAttribute('aria-disabled', 'true');
  /** @type {[string, string][]} */
  const fields = [];
  try {
    if (form.closest('[data-takeover]') && portal) {
      const auth = await portal.refreshAuth();
      for (const name of /** @type {const} */ (['AUTH_ID', 'REFRESH_ID', 'AUTH_EXPIRES'])) fields.push([name, String(auth[name] ?? '')]);
    }
  } catch {
    // The server says what is wrong without them.
  }
  if (await post(url, fields)) {
    sum();
    document.getElementById('verdict')?.focus();
  } else button?.removeAttribute('aria-disabled');
}

/**
 * @param {string} url
 * @param {[string, string][]} fields
 * @returns {Promise<boolean>} whether it was done
 */
async function post(url, fields) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? '';
  const body = new URLSearchParams([['visit', place.dataset.visit ?? ''], ['zone', zone], ...fields]);
  const response = await fetch(url, { method: 'POST', headers: { 'X-Joinline': '1' }, body }).catch(() => null);
  if (response) swap(await response.text());
  return response?.ok ?? false;
}

/**
 * Puts the pieces of an answer in their places.
 * @param {string} html
 */
function swap(html) {
  const answer = document.createElement('template');
  answer.innerHTML = html;
  for (const piece of [...answer.content.children]) document.getElementById(piece.id)?.replaceWith(piece);
  offerTakeover();
}

/** Shows the buttons that need fresh tokens of the portal, where it gives some. */
function offerTakeover() {
  for (const offer of place.querySelectorAll('[data-takeover]')) if (offer instanceof HTMLElement) offer.hidden = !portal;
}

/** Says what all checks together mean. */
function sum() {
  const kinds = [...place.querySelectorAll('.check')].map((check) => order.indexOf(check.getAttribute('data-kind') ?? ''));
  if (kinds.includes(-1)) return;
  const worst = order[Math.max(...kinds)];
  const verdict = document.getElementById('verdict');
  const text = (worst === 'unchecked' ? place.dataset.attention : place.dataset[worst]) ?? '';
  if (verdict) {
    verdict.className = `verdict ${worst}`;
    verdict.textContent = text;
  }
  if (say) say.textContent = text;
}
