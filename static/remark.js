// @ts-check
// The remark that goes with an add: says while it is made where it will go, and
// has it told once everybody was added one by one.

/**
 * @param {HTMLFormElement} form
 * @param {import('./adding.js').Post} post
 * @param {(html: string) => void} swap puts the pieces of an answer in their places
 */
export function remark(form, post, swap) {
  const name = /** @type {HTMLInputElement} */ (form.elements.namedItem('add'));
  const why = /** @type {HTMLInputElement} */ (document.getElementById('why'));
  const count = /** @type {HTMLElement} */ (document.getElementById('why-count'));
  const plan = /** @type {HTMLElement} */ (document.getElementById('remark-plan'));
  const boxes = [...form.querySelectorAll('.way input')].filter((box) => box instanceof HTMLInputElement);
  const chosen = () => boxes.filter((box) => box.checked);
  const names = () => chosen().map((box) => box.name).join();
  const told = () => /** @type {HTMLElement} */ (document.getElementById('remarked'));

  let usual = names(); // what the server keeps for the next time
  let decided = chosen().length > 0;
  /** @type {string[]} who is new where, in this add and in those that try its rest again */
  let seals = [];

  form.addEventListener('input', ({ target }) => {
    if (!(target instanceof HTMLInputElement) || !target.closest('#remark')) return;
    // Who says why wants it to be read, first of all by those it is about.
    if (target === why && why.value && !decided && boxes[0]) boxes[0].checked = true;
    decided = true;
    tellPlan();
  });

  /** What stands in the fields. */
  function said() {
    /** @type {[string, string][]} */
    const fields = [[why.name, why.value]];
    for (const box of chosen()) fields.push([box.name, box.value]);
    return fields;
  }

  function tellPlan() {
    const text = why.value.trim();
    count.textContent = count.dataset.count?.replace('{}', String([...text].length)) ?? '';
    plan.textContent = chosen().map((box) => box.dataset.plan).join(plan.dataset.dot) || (text && plan.dataset.nowhere) || '';
  }

  tellPlan(); // a browser may have brought back what was typed before

  return {
    said,
    /** What to say to somebody who must tell why and does not; "" to all others. */
    missing() {
      const place = why.closest('details');
      const required = place?.dataset.required ?? '';
      if (!place || !required || why.value.trim() && chosen().length) return '';
      place.open = true;
      why.focus();
      return required;
    },
    /** How many lines about it the next add may bring. */
    lines: () => chosen().length,
    /** Forgets what was told before. */
    clear: () => told().replaceChildren(),
    /** Has it told to whoever was added, by what stands in the results. */
    async tell() {
      for (const section of document.querySelectorAll('#results [data-new]')) {
        const seal = section.getAttribute('data-new');
        if (seal && !seals.includes(seal)) seals.push(seal);
      }
      if (chosen().length ? !seals.length : !why.value.trim() && names() === usual) return;
      const fields = said();
      fields.push([name.name, name.value]);
      for (const seal of seals) fields.push(['new', seal]);
      const answer = await post('/card/add/tell', fields);
      if (answer?.ok) {
        usual = names();
        swap(await answer.text());
      } else {
        told().replaceChildren(Object.assign(document.createElement('li'), { className: 'result unknown', textContent: told().dataset.unsure ?? '' }));
      }
    },
    /** Begins the next add, which has another reason. */
    next() {
      name.value = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      why.value = '';
      seals = [];
      tellPlan();
    },
  };
}
