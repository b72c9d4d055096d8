// @ts-check
// Adds several people, or to several chats: one call after the other, each
// shown as it is answered, until all are done, the portal refuses everybody, or
// the person says stop. What is true in the end says the server, chat by chat.

/** @typedef {{ref: string, user: string, name: string}} Person */
/** @typedef {{ref: string, id: string, called: string, people: Person[]}} Group */
/**
 * What was said about a group. Halted: nobody else is to be asked for, and the
 * answer that says why, if there is one. Barred: our server refused to ask, with
 * this status.
 * @typedef {{answers: string[], unsure: string[], halted: string[] | null, barred?: number}} Said
 */
/** @typedef {(url: string, fields: [string, string][]) => Promise<Response | null>} Post posts the fields with the visit; null when the server cannot be reached */

const PAUSES = [500, 2_000, 5_000]; // milliseconds before what is true is asked for again

let stopped = false;

/**
 * @param {Group[]} groups
 * @param {Post} post
 * @param {(html: string) => void} swap puts the pieces of an answer in their places
 * @param {[string, string][]} care fields that tell that people know why
 */
export async function addOneByOne(groups, post, swap, care) {
  stopped = false;
  lay(groups);
  /** @type {Said['halted']} */
  let halted = null;
  /** @type {number | undefined} */
  let barred;
  for (const group of groups) {
    /** @type {Said} */
    const said = halted ? { answers: halted, unsure: [], halted, barred } : await askAll(group, post, care);
    ({ halted, barred } = said);
    await settle(group, said, post, swap);
  }
  document.querySelector('#results .stop')?.remove();
}

/**
 * Lays out a line for everybody, in the order of their turns.
 * @param {Group[]} groups
 */
function lay(groups) {
  const results = place();
  const head = element('div', 'head');
  const title = element('h2', '');
  title.textContent = results.dataset.title ?? '';
  const stop = /** @type {HTMLButtonElement} */ (element('button', 'quiet stop'));
  stop.type = 'button';
  stop.textContent = results.dataset.stop ?? '';
  stop.addEventListener('click', () => {
    stopped = true;
    stop.textContent = results.dataset.stopping ?? '';
    stop.setAttribute('aria-disabled', 'true');
  });
  head.append(title, stop);
  results.replaceChildren(head, ...groups.map((group) => section(group, groups.length > 1)));
}

/**
 * @param {Group} group
 * @param {boolean} named
 */
function section(group, named) {
  const told = element('section', 'told');
  told.id = `told-${group.id}`;
  told.dataset.ref = group.ref;
  if (named) told.append(Object.assign(element('h3', ''), { textContent: group.called }));
  const list = element('ul', '');
  for (const person of group.people) {
    const line = element('li', 'result waiting');
    Object.assign(line.dataset, { user: person.user, name: person.name, state: 'waiting', ref: person.ref });
    line.append(element('p', ''));
    list.append(line);
  }
  told.append(list);
  for (const person of group.people) say(told, person, 'waiting', place().dataset.waiting?.replace('{}', person.name));
  return told;
}

/**
 * Asks for everybody of a group, as far as that makes sense.
 * @param {Group} group
 * @param {Post} post
 * @param {[string, string][]} care
 */
async function askAll(group, post, care) {
  /** @type {Said} */
  const said = { answers: [], unsure: [], halted: null };
  const told = document.getElementById(`told-${group.id}`);
  let lost = 0;
  for (const person of group.people) {
    if (stopped || !told) break;
    say(told, person, 'asking', place().dataset.asking?.replace('{}', person.name));
    const answer = await ask(group, person, post, care);
    if (typeof answer === 'number') return { ...said, halted: [], barred: answer };
    lost = !answer || answer.kind === 'lost' ? lost + 1 : 0;
    if (answer) said.answers.push(answer.answer);
    else said.unsure.push(person.ref);
    say(told, person, answer?.kind ?? 'lost', answer?.says);
    if (answer?.stop === 'all' || lost === 2) said.halted = answer ? [answer.answer] : [];
    if (answer?.stop || lost === 2) break;
  }
  return said;
}

/**
 * @param {Group} group
 * @param {Person} person
 * @param {Post} post
 * @param {[string, string][]} care
 * @returns {Promise<{answer: string, kind: string, stop: string, says: string} | number | null>} the status
 *   when the portal was surely not asked, null when there is no telling what became of it
 */
async function ask(group, person, post, care) {
  const response = await post('/card/add/one', [['chat', group.ref], ['person', person.ref], ...care]);
  if (response && !response.ok && response.status < 500) return response.status;
  return response?.ok ? response.json().catch(() => null) : null;
}

/**
 * Has the server say what is true. Until it does, nothing is claimed.
 * @param {Group} group
 * @param {Said} said
 * @param {Post} post
 * @param {(html: string) => void} swap
 */
async function settle(group, said, post, swap) {
  /** @type {[string, string][]} */
  const fields = [['chat', group.ref]];
  for (const person of group.people) fields.push(['person', person.ref]);
  for (const answer of said.answers) fields.push(['answer', answer]);
  for (const ref of said.unsure) fields.push(['unsure', ref]);
  if (said.barred) fields.push(['barred', String(said.barred)]);
  for (const pause of [...PAUSES, 0]) {
    const response = await post('/card/add/settle', fields);
    if (response?.ok) return swap(await response.text());
    if (response && response.status < 500) break; // it will not say anything else
    if (pause) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  const told = document.getElementById(`told-${group.id}`);
  for (const line of told?.querySelectorAll('.result') ?? []) {
    line.className = 'result unknown';
    line.setAttribute('data-state', 'unknown');
  }
  told?.append(Object.assign(element('p', 'help'), { textContent: place().dataset.unsure ?? '' }));
}

/**
 * @param {HTMLElement} told
 * @param {Person} person
 * @param {string} state
 * @param {string} [text]
 */
function say(told, person, state, text) {
  const line = told.querySelector(`[data-user="${CSS.escape(person.user)}"]`);
  if (!(line instanceof HTMLElement)) return;
  line.dataset.state = state;
  line.className = `result ${state}`;
  if (text && line.firstElementChild) line.firstElementChild.textContent = text;
}

function place() {
  return /** @type {HTMLElement} */ (document.getElementById('results'));
}

/**
 * @param {string} tag
 * @param {string} className
 */
function element(tag, className) {
  return Object.assign(document.createElement(tag), { className });
}
