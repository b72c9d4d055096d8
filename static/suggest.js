// @ts-check
// Whom one may want to add before anything is typed. The server is asked once
// for the chats that are chosen, and once more after they have changed.

const MOST = 5; // people in a group

/**
 * @param {() => string} chats names the chosen chats
 * @param {() => (string | undefined)[]} chosen are the people chosen now
 * @param {(signal: AbortSignal) => Promise<string>} ask fetches the list; empty: it cannot be had now
 */
export function suggestions(chats, chosen, ask) {
  /** @type {Map<string, string>} */
  let kept = new Map();

  /**
   * Puts the list into its place.
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} whether anybody is suggested
   */
  async function show(signal) {
    const lists = kept;
    const key = chats();
    const html = lists.get(key) ?? await ask(signal).catch(() => '');
    if (html) lists.set(key, html);
    if (signal.aborted) return false;
    const answer = document.createElement('template');
    answer.innerHTML = html;
    const list = answer.content.firstElementChild;
    if (!list) return false;
    arrange(list, chosen());
    if (!list.querySelector('[role=option]')) return false;
    document.getElementById('found')?.replaceWith(list);
    return true;
  }

  return { show, forget() { kept = new Map(); } };
}

/**
 * Moves whoever was added together with the chosen people into a group of
 * their own, those first who were most often, and leaves out who is too many.
 * @param {Element} list
 * @param {(string | undefined)[]} chosen
 */
function arrange(list, chosen) {
  const people = [...list.querySelectorAll('[role=option]')];
  for (const person of people) person.setAttribute('aria-selected', String(chosen.includes(user(person))));
  const often = (/** @type {Element} */ person) => (person.getAttribute('data-with') ?? '').split(' ').filter((other) => chosen.includes(other)).length;
  const together = people.filter((person) => often(person) && !chosen.includes(user(person))).sort((a, b) => often(b) - often(a));
  list.querySelector('[data-group=together]')?.append(...together.slice(0, MOST));
  for (const person of [...list.querySelectorAll('[data-group=lately] [role=option]')].slice(MOST)) person.remove();
  for (const group of list.querySelectorAll('[role=group]')) if (!group.querySelector('[role=option]')) group.remove();
}

/** @param {Element} person */
function user(person) {
  return person.getAttribute('data-user') ?? undefined;
}
