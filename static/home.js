// @ts-check
// What the application's own page does besides showing: it copies texts.

const say = document.getElementById('say');

for (const button of document.querySelectorAll('[data-copy]')) {
  const text = document.getElementById(button instanceof HTMLElement ? (button.dataset.copy ?? '') : '');
  if (!(button instanceof HTMLButtonElement) || !(text instanceof HTMLTextAreaElement)) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      // A frame may not be allowed to: the old way works on a person's click.
      text.select();
      if (!document.execCommand('copy')) return;
    }
    if (say) say.textContent = button.dataset.copied ?? '';
    button.textContent = button.dataset.copied ?? '';
  });
}
