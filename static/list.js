// @ts-check
// A pasted list. The server tells who is meant beyond doubt; about the lines that
// are left people decide here, one after the other. Also, choices that stand for
// several people. Loaded when there is any.

import { squads } from './squad.js';

/**
 * @param {HTMLFormElement} form
 * @param {ReturnType<typeof import('./picker.js').picker>} people
 * @param {import('./adding.js').Post} post
 * @param {(html: string) => void} swap puts the pieces of an answer in their places
 */
export function lists(form, people, post, swap) {
  const field = /** @type {HTMLInputElement} */ (document.getElementById('q'));
  /** @type {Set<string>} lines that were decided while the server was asked */
  let decided = new Set();

  const place = () => /** @type {HTMLElement} */ (document.getElementById('lines'));

  /** Has the buttons do nothing by themselves: Enter anywhere in the form would press the first one. */
  function tame() {
    for (const button of place().querySelectorAll('button')) button.type = 'button';
  }

  /**
   * Takes what is in the field for a list, with the lines that are left, and chooses whom it names.
   * What is typed stays where the server cannot be asked.
   */
  async function gather() {
    const typed = field.value;
    const before = new Set(people.chosen());
    decided = new Set();
    /** @type {[string, string][]} */
    const list = [];
    for (const [name, value] of new FormData(form)) if (name !== 'visit') list.push([name, String(value)]);
    const answer = await ask('/card/list', list);
    if (answer === null) return;
    if (field.value === typed) field.value = '';
    swap(choose(answer, before).getElementById('lines')?.outerHTML ?? '');
    for (const line of place().querySelectorAll('fieldset')) if (decided.has(text(line))) line.remove();
    tame();
  }

  /**
   * Chooses the people whom a choice stands for.
   * @param {string} ref
   */
  async function take(ref) {
    const before = people.all();
    const list = persons();
    list.push(['take', ref]);
    for (const box of form.querySelectorAll('input[name=chat]:checked')) if (box instanceof HTMLInputElement) list.push([box.name, box.value]);
    const answer = await ask('/card/take', list);
    if (answer !== null) swap(choose(answer, new Set(before.map(({ user }) => user))).getElementById('taken')?.outerHTML ?? '');
  }

  /** The fields of those who are chosen now. @returns {[string, string][]} */
  function persons() {
    return people.all().map(({ ref }) => ['person', ref]);
  }

  /**
   * @param {string} url
   * @param {[string, string][]} list
   * @returns {Promise<string | null>} the pieces
   */
  async function ask(url, list) {
    field.setAttribute('aria-busy', 'true');
    const answer = await post(url, list);
    field.removeAttribute('aria-busy');
    return answer?.ok ? answer.text() : null;
  }

  /**
   * Takes in the chips of an answer, and returns its pieces.
   * @param {string} html
   * @param {Set<string | undefined>} before who was chosen when the server was asked
   */
  function choose(html, before) {
    const pieces = document.createElement('template');
    pieces.innerHTML = html;
    for (const chip of pieces.content.querySelectorAll('#chosen .chip')) people.join(chip, before);
    return pieces.content;
  }

  /**
   * Takes a line away, and goes on to the next one.
   * @param {Element} line
   */
  function settle(line) {
    const next = line.nextElementSibling ?? line.previousElementSibling;
    decided.add(text(line));
    line.remove();
    const to = next?.matches('fieldset') ? next.querySelector('input:not([type=hidden]):enabled, button') : null;
    if (!place().querySelector('fieldset')) place().querySelector('h3')?.remove();
    if (to instanceof HTMLElement) to.focus();
    else people.focus();
  }

  form.addEventListener('change', ({ target }) => {
    const line = target instanceof HTMLInputElement && target.checked && target.closest('#lines fieldset');
    const who = line && target.closest('label');
    if (!line || !who) return;
    people.take(who);
    settle(line);
  });

  form.addEventListener('click', ({ target }) => {
    const button = target instanceof Element && target.closest('#lines button');
    if (!(button instanceof HTMLButtonElement)) return;
    const line = button.closest('fieldset');
    if (!line) return gather();
    settle(line);
    if (button.name !== 'correct') return;
    field.value = button.value;
    people.focus();
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });

  tame();
  return { gather, take, ...squads(form, ask, swap, take, persons) };
}

/** @param {Element} line */
function text(line) {
  return line.querySelector('input')?.value ?? '';
}
