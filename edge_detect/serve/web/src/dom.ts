// Elements in one expression.

type Properties<T> = Partial<Omit<T, "style" | "attributes">> & {
  readonly class?: string;
  readonly attributes?: Readonly<Record<string, string>>;
};

/** A new element with properties, attributes and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { class: className, attributes, ...properties }: Properties<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The element of the page with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}
