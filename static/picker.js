// @ts-check
// The field in which colleagues are chosen: a combobox over a list that the
// server renders, the chosen people as chips before it.
// https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

const PAUSE = 60; // milliseconds of rest before what was typed is searched
const LONG_PAUSE = 180; // where the portal searches
const REST = 400; // milliseconds of rest before the people found are looked at closer
const SPACE = 1_000; // milliseconds, at least, between two such looks

/**
 * @param {HTMLFormElement} form
 * @param {(signal: AbortSignal) => Promise<boolean>} find puts the people found into the list
 * @param {() => void} add what Ctrl+Enter does
 * @param {(signal: AbortSignal) => Promise<boolean>} suggest puts those into the list whom one may want before typing
 * @param {(people: string[], signal: AbortSignal) => void} look tells more about people found
 * @param {(ref?: string) => void} several chooses those whom a choice stands for, or what is in the field names
 */
export function picker(form, find, add, suggest, look, several) {
  const field = /** @type {HTMLInputElement} */ (document.getElementById('q'));
  const voice = /** @type {HTMLElement} */ (document.getElementById('say'));
  let search = new AbortController();
  let timer = 0;
  let quiet = false; // nobody has come to the field: a script moves the focus, or the window has it again
  let looked = 0;
  /** @type {HTMLElement | null} */
  let active = null;

  const found = () => /** @type {HTMLElement} */ (document.getElementById('found'));
  const chips = () => /** @type {HTMLElement} */ (document.getElementById('chosen'));
  const options = () => [...found().querySelectorAll('[role=option]')].filter((o) => o instanceof HTMLElement);
  const isOpen = () => !found().hidden;

  function open() {
    found().hidden = false;
    field.setAttribute('aria-expanded', 'true');
    highlight(options().find((o) => o.getAttribute('aria-disabled') !== 'true') ?? null);
  }

  function close() {
    found().hidden = true;
    field.setAttribute('aria-expanded', 'false');
    highlight(null);
  }

  /** @param {HTMLElement | null} option */
  function highlight(option) {
    active?.classList.remove('active');
    active = option;
    active?.classList.add('active');
    if (active) {
      field.setAttribute('aria-activedescendant', active.id);
      active.scrollIntoView({ block: 'nearest' });
    } else {
      field.removeAttribute('aria-activedescendant');
    }
  }

  /** @param {number} step */
  function move(step) {
    const all = options();
    if (!all.length) return;
    const at = active ? all.indexOf(active) : step > 0 ? -1 : 0;
    highlight(all[(at + step + all.length) % all.length]);
  }

  /** Forgets what is being searched. */
  function stop() {
    search.abort();
    clearTimeout(timer);
    field.removeAttribute('aria-busy');
  }

  /**
   * Suggests people while nothing is typed.
   * @param {boolean} go to the first one
   */
  async function offer(go) {
    stop();
    search = new AbortController();
    const { signal } = search;
    field.setAttribute('aria-busy', 'true');
    const done = await suggest(signal);
    if (signal.aborted) return;
    field.removeAttribute('aria-busy');
    if (!done || field.value.trim() || document.activeElement !== field) return;
    open();
    if (!go) highlight(null); // Enter chooses nobody whom nobody pointed at
    voice.textContent = found().dataset.say ?? '';
    lookLater(signal);
  }

  /** Tells more about those in the list, after a rest. @param {AbortSignal} signal */
  function lookLater(signal) {
    timer = window.setTimeout(() => {
      looked = Date.now();
      look(options().flatMap((option) => option.dataset.value ?? []), signal);
    }, Math.max(REST, looked + SPACE - Date.now()));
  }

  function typed() {
    stop();
    if (!field.value.trim() || 'early' in found().dataset) close();
    if (!field.value.trim()) return;
    timer = window.setTimeout(async () => {
      search = new AbortController();
      const { signal } = search;
      field.setAttribute('aria-busy', 'true');
      const done = await find(signal);
      if (signal.aborted) return;
      field.removeAttribute('aria-busy');
      if (done && document.activeElement === field) open();
      if (done && options().length) lookLater(signal);
    }, 'slow' in found().dataset ? LONG_PAUSE : PAUSE);
  }

  /** @param {HTMLElement} option */
  function choose(option) {
    if (option.getAttribute('aria-disabled') === 'true') return;
    const chosen = chipOf(option);
    if (option.dataset.take) several(option.dataset.take);
    else if (chosen) drop(chosen);
    else keep(option);
    field.value = '';
    stop();
    close();
  }

  /** The chip of whom an element is about. @param {HTMLElement} about */
  function chipOf({ dataset: { user = '' } }) {
    const chip = chips().querySelector(`[data-user="${CSS.escape(user)}"]`);
    return chip instanceof HTMLElement ? chip : null;
  }

  /**
   * Adds a chip, the same that the server renders for a person chosen before.
   * @param {HTMLElement} about whom
   */
  function keep({ dataset: { user, value, name = '', position, chosen, dropped } }) {
    const chip = document.createElement('li');
    chip.className = 'chip';
    chip.dataset.user = user;
    chip.dataset.name = name;
    chip.dataset.dropped = dropped;
    const box = Object.assign(document.createElement('input'), { type: 'checkbox', name: 'person', value: value ?? '', checked: true });
    const label = document.createElement('label');
    label.append(box, `${name} `);
    if (position) label.append(Object.assign(document.createElement('small'), { dir: 'auto', textContent: position }));
    chip.append(label);
    chips().append(chip);
    voice.textContent = chosen ?? '';
  }

  /** @param {HTMLElement} chip */
  function drop(chip) {
    voice.textContent = chip.dataset.dropped ?? '';
    chip.remove();
  }

  /** Gives the field the focus, and opens nothing. */
  function focus() {
    if (document.activeElement === field) return;
    quiet = true;
    field.focus();
    quiet = false;
  }

  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const keys = {
    ArrowDown: () => (isOpen() ? move(1) : field.value.trim() ? typed() : offer(true)),
    ArrowUp: () => isOpen() && move(-1),
    Enter(event) {
      if (event.ctrlKey || event.metaKey) {
        stop();
        close();
        add();
      } else if (isOpen() && active) choose(active);
      else if (isOpen() && 'list' in found().dataset) takeList();
    },
    Escape: () => {
      if (!isOpen()) field.value = '';
      stop();
      close();
    },
  };

  function takeList() {
    stop();
    close();
    several();
  }

  field.addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text').trim() ?? '';
    if (!/[\n\r;,；，、،؛]/.test(text)) return;
    event.preventDefault();
    field.setRangeText(text.replace(/\s*[\n\r]+\s*/g, '; '), field.selectionStart ?? 0, field.selectionEnd ?? 0, 'end'); // a field has one line
    takeList();
  });
  field.addEventListener('input', typed);
  field.addEventListener('focus', () => {
    if (!quiet && !field.value.trim()) offer(false);
    quiet = false;
  });
  field.addEventListener('click', () => {
    if (!isOpen() && !field.value.trim() && !field.ariaBusy) offer(false);
  });
  field.addEventListener('blur', () => {
    quiet = document.activeElement === field;
    close();
  });
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    const last = chips().lastElementChild;
    if (event.key === 'Backspace' && !field.value && last instanceof HTMLElement) drop(last);
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key](event);
  });
  form.addEventListener('keydown', (event) => {
    if (event.target !== field && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      add();
    }
  });
  form.addEventListener('pointerdown', (event) => {
    const option = event.target instanceof Element && event.target.closest('#found');
    if (option) event.preventDefault(); // the field keeps the focus
  });
  form.addEventListener('click', (event) => {
    const option = event.target instanceof Element && event.target.closest('[role=option]');
    if (option instanceof HTMLElement) choose(option);
  });
  form.addEventListener('change', (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.name !== 'person' || box.checked) return;
    const chip = box.closest('.chip');
    if (chip instanceof HTMLElement) drop(chip);
    focus();
  });

  // On slow lines people type, or send what they typed, before this runs.
  if (field.defaultValue) field.focus();
  if (document.activeElement === field) field.value.trim() ? typed() : offer(false);

  /** @param {Element} list @returns {[string | undefined, Element][]} chips by person */
  const byPerson = (list) => [...list.children].map((chip) => [chip instanceof HTMLElement ? chip.dataset.user : '', chip]);

  return {
    focus,
    /** Chooses whom an element is about. @param {HTMLElement} about */
    take(about) {
      if (!chipOf(about)) keep(about);
    },
    /**
     * Takes in a chip that the server made, unless there is one, or was one before and was taken back.
     * @param {Element} chip
     * @param {Set<string | undefined>} before who was chosen before
     */
    join(chip, before) {
      if (chip instanceof HTMLElement && !before.has(chip.dataset.user) && !chipOf(chip)) chips().append(chip);
    },
    /** The people chosen now. */
    chosen: () => byPerson(chips()).map(([user]) => user),
    /** The people of a list of chips. @param {Element} list */
    of: (list) => new Set(byPerson(list).map(([user]) => user)),
    /** The same, with their sealed references and names. */
    all: () => byPerson(chips()).map(([user, chip]) => ({
      user: user ?? '', ref: chip.querySelector('input')?.value ?? '', name: chip instanceof HTMLElement ? chip.dataset.name ?? '' : '',
    })),
    /**
     * Takes back those who were asked for and are not left.
     * @param {Set<string | undefined>} asked
     * @param {Set<string | undefined>} left
     */
    keepOnly(asked, left) {
      for (const [user, chip] of byPerson(chips())) if (asked.has(user) && !left.has(user)) chip.remove();
    },
    /** Call after pieces of the page were replaced. */
    refresh() {
      if (active && !active.isConnected) highlight(null);
    },
  };
}
