// @ts-check
// Has people, departments and groups chosen in the portal's own access dialog.
// Whom it tells becomes a chip beside those who are chosen already.

import { portal } from './joinline.js';

for (const field of document.querySelectorAll('[data-holders]')) {
  const button = field.querySelector('[data-choose]');
  const chips = field.querySelector('.chips');
  if (!portal || !(field instanceof HTMLElement) || !(button instanceof HTMLButtonElement) || !chips) continue;
  const name = field.dataset.holders ?? '';
  button.hidden = false;
  button.addEventListener('click', async () => {
    const boxes = [...chips.querySelectorAll('input')];
    const chosen = await portal.selectAccess(boxes.filter((box) => box.checked).map((box) => box.value)).catch(() => []);
    for (const { id, name: called } of Object.values(chosen)) {
      const box = [...chips.querySelectorAll('input')].find((known) => known.value === String(id));
      if (box) box.checked = true;
      else chips.append(chip(name, String(id), String(called)));
    }
    button.focus();
  });
}

/**
 * @param {string} name
 * @param {string} code
 * @param {string} called
 */
function chip(name, code, called) {
  const item = Object.assign(document.createElement('li'), { className: 'chip' });
  const label = document.createElement('label');
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', name, value: code, checked: true });
  label.append(box, Object.assign(document.createElement('bdi'), { textContent: called }), Object.assign(document.createElement('small'), { textContent: code }));
  item.append(label);
  return item;
}
