// What pages of the portal do by themselves: tabs, frames, toolbar buttons.

import './messenger.js';
import { openFrame } from './host.js';
import { openSlider } from './dialogs.js';
import { sliderFrame } from './commands.js';
import { openMessenger } from './messenger.js';
import { pickUsers } from './pickers.js';

/** A row of tabs; a panel's application is opened when its tab is first chosen. */
function setUpTabs(list) {
  const tabs = [...list.querySelectorAll('[role="tab"]')];
  const panel = (tab) => document.getElementById(tab.getAttribute('aria-controls'));

  function choose(tab, keep) {
    for (const other of tabs) {
      other.setAttribute('aria-selected', String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
      panel(other).hidden = other !== tab;
    }
    if (keep) history.replaceState(null, '', `#${tab.id}`);
    const content = panel(tab);
    if (!content.dataset.frame || content.dataset.opened) return;
    content.dataset.opened = 'yes';
    openFrame(content, content.dataset.frame);
  }

  list.addEventListener('click', (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) choose(tab, true);
  });
  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const here = tabs.indexOf(event.target);
    if (!step || here < 0) return;
    const next = tabs[(here + step + tabs.length) % tabs.length];
    next.focus();
    choose(next, true);
  });
  choose(tabs.find((tab) => `#${tab.id}` === location.hash) || tabs[0], false);
}

for (const list of document.querySelectorAll('[role="tablist"]')) setUpTabs(list);

for (const box of document.querySelectorAll('[data-frame-now]')) openFrame(box, box.dataset.frameNow);

document.addEventListener('click', async (event) => {
  const opener = event.target.closest('[data-slider-frame], [data-messenger], [data-pick-user]');
  if (!opener) return;
  if (opener.dataset.sliderFrame) {
    opener.closest('details')?.removeAttribute('open');
    sliderFrame(opener.dataset.sliderFrame, { title: opener.textContent.trim() });
  } else if (opener.dataset.messenger) {
    openMessenger(opener.dataset.messenger);
  } else {
    const person = await pickUsers(false);
    if (!person) return;
    const field = document.getElementById(opener.dataset.pickUser);
    field.value = person.id;
    field.form.requestSubmit();
  }
});

// A link of an application opens it over the page.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="/marketplace/view/"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const address = new URL(link.href);
  address.searchParams.set('IFRAME', 'Y');
  address.searchParams.set('IFRAME_TYPE', 'SIDE_SLIDER');
  openSlider({ title: link.textContent, address: address.href });
});

for (const field of document.querySelectorAll('select[data-submit]')) {
  field.addEventListener('change', () => field.form.requestSubmit());
}
