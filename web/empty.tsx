import { Icon } from './icons.tsx';

/** In the place of a list: that there is nothing, and how something comes there. */
export function Empty({ title, how }: { readonly title: string; readonly how: string }) {
  return (
    <div class="empty">
      <Icon name="brand" />
      <h2>{title}</h2>
      <p class="dim">{how}</p>
    </div>
  );
}
