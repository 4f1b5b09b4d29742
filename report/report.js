// Without this script there are no buttons; the texts can be selected all the same.
(() => {
  const said = document.getElementById('said');
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      getSelection().selectAllChildren(text);
      document.execCommand('copy');
    }
  };
  for (const button of document.querySelectorAll('button')) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener('click', async () => {
      await copy(document.getElementById(button.dataset.text));
      button.textContent = said.textContent = 'Copied';
      setTimeout(() => { button.textContent = label; said.textContent = ''; }, 1500);
    });
  }
})();
