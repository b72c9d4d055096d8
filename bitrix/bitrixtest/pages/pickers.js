// The choosers a frame can call for: people, access rights, CRM items. Each
// resolves with the choice, or with null when it was closed without one.

import { dialogBox } from './dialogs.js';
import { text } from './text.js';

/**
 * picker shows a searchable list. source(query) resolves with rows
 * {id, name, note}; one choice closes it at once unless many may be chosen.
 */
function picker({ title, source, multiple, chosen = [] }) {
  const { dialog, body } = dialogBox('picker', title);
  const picked = new Map();
  const search = document.createElement('input');
  search.type = 'search';
  search.className = 'input';
  search.autofocus = true;
  search.placeholder = text('search');
  search.setAttribute('aria-label', text('search'));
  const list = document.createElement('ul');
  list.className = 'picker-list';
  body.append(search, list);

  return new Promise((resolve) => {
    let result = null;
    dialog.addEventListener('close', () => resolve(result));

    function row(entry) {
      const item = document.createElement('li');
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'picker-row';
      button.dataset.id = entry.id;
      const name = document.createElement('span');
      name.textContent = entry.name;
      const note = document.createElement('small');
      note.textContent = entry.note || '';
      button.append(name, note);
      if (multiple) button.setAttribute('aria-pressed', String(picked.has(entry.id)));
      button.addEventListener('click', () => {
        if (!multiple) {
          result = [entry];
          dialog.close();
          return;
        }
        if (!picked.delete(entry.id)) picked.set(entry.id, entry);
        button.setAttribute('aria-pressed', String(picked.has(entry.id)));
      });
      item.append(button);
      return item;
    }

    let newest = 0;
    async function fill() {
      const mine = (newest += 1);
      const rows = await source(search.value);
      if (mine !== newest) return;
      for (const entry of rows) if (chosen.includes(entry.id) && !picked.has(entry.id)) picked.set(entry.id, entry);
      list.replaceChildren(...rows.map(row));
      if (rows.length === 0) list.append(Object.assign(document.createElement('li'), { textContent: text('nothingFound') }));
    }

    if (multiple) {
      const confirm = document.createElement('button');
      confirm.type = 'button';
      confirm.className = 'button primary';
      confirm.textContent = text('select');
      confirm.addEventListener('click', () => {
        result = [...picked.values()];
        dialog.close();
      });
      body.append(confirm);
    }
    search.addEventListener('input', () => {
      chosen = [];
      fill();
    });
    fill();
    dialog.showModal();
  });
}

async function rows(path, query) {
  const response = await fetch(`${path}?${new URLSearchParams(query)}`);
  return response.ok ? response.json() : [];
}

function user(entry) {
  const { id, name, photo, position, url } = entry;
  return { id, name, photo, position, url, sub: false, sup: false };
}

/** pickUsers chooses one employee (an object) or several (an array). */
export async function pickUsers(multiple) {
  const choice = await picker({
    title: text(multiple ? 'choosePeople' : 'choosePerson'),
    source: (q) => rows('/_frame/people', { q }),
    multiple,
  });
  if (choice === null) return null;
  return multiple ? choice.map(user) : user(choice[0]);
}

/** pickAccess chooses holders of rights; those in blocked are not offered. */
export async function pickAccess(blocked) {
  const choice = await picker({
    title: text('chooseAccess'),
    source: async (q) => (await rows('/_frame/access', { q })).filter(({ id }) => !blocked.includes(id)),
    multiple: true,
  });
  return choice && choice.map(({ id, name }) => ({ id, name }));
}

const prefixes = { lead: 'L', contact: 'C', company: 'CO', deal: 'D', quote: 'Q' };

/**
 * pickCRM chooses CRM items. The answer has a bucket per type: an array, or
 * with keyed an object with the keys 0, 1, …, as portals send either.
 */
export async function pickCRM({ entityType, multiple, value }, keyed) {
  const types = Array.isArray(entityType) && entityType.length > 0 ? entityType : Object.keys(prefixes);
  const chosen = types.flatMap((type) => Object.values(value?.[type] || {}).map((id) => `${prefixes[type]}_${id}`));
  const choice = await picker({
    title: text('chooseCRM'),
    source: (q) => rows('/_frame/crm', { q, types: types.join(',') }),
    multiple: multiple === true,
    chosen,
  });
  if (choice === null) return null;
  const buckets = {};
  for (const { id, type, title, desc, url, image } of choice) {
    const entry = { id, type, place: type, title, desc, url };
    if (image !== undefined) entry.image = image;
    (buckets[type] ||= []).push(entry);
  }
  if (keyed) for (const type of Object.keys(buckets)) buckets[type] = { ...buckets[type] };
  return buckets;
}
