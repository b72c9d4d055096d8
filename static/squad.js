// @ts-check
// Squads: selections of people that got a name. The server makes the place where
// they are made and changed, once it is unfolded.

/**
 * @param {HTMLFormElement} form
 * @param {(url: string, list: [string, string][]) => Promise<string | null>} ask fetches pieces of the page; null: they cannot be had
 * @param {(html: string) => void} swap puts the pieces of an answer in their places
 * @param {(ref: string) => void} take chooses the people whom a choice stands for
 * @param {() => [string, string][]} people are the fields of those who are chosen now
 */
export function squads(form, ask, swap, take, people) {
  const place = () => /** @type {HTMLDetailsElement} */ (document.getElementById('squads'));

  /** @param {[string, string][]} list */
  async function show(list) {
    const html = await ask('/card/squads', list);
    if (html === null) return;
    swap(html);
    tame();
  }

  /** Has the buttons do nothing by themselves: Enter anywhere in the form would press the first one. */
  function tame() {
    for (const button of place().querySelectorAll('button')) button.type = 'button';
  }

  form.addEventListener('click', ({ target }) => {
    const button = target instanceof Element && target.closest('#squads button');
    if (!(button instanceof HTMLButtonElement)) return;
    if (button.name === 'take') return take(button.value);
    const list = people();
    list.push([button.name, button.value]);
    for (const field of button.closest('.names')?.querySelectorAll('input') ?? []) {
      if (field.type !== 'checkbox' || field.checked) list.push([field.name, field.value]);
    }
    show(list);
  });

  form.addEventListener('keydown', (event) => {
    const field = event.target;
    if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (!(field instanceof HTMLInputElement) || !field.closest('#squads')) return;
    event.preventDefault(); // it would add everybody to the chat
    field.closest('.names')?.querySelector('button')?.click();
  });

  tame();
  return {
    /** Fills the place when it was unfolded. */
    unfold() {
      if (place().open && !('ready' in place().dataset)) show(people());
    },
  };
}
