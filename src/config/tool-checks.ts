import { fieldsOf } from '../lib/fields.ts';
import { placesIn } from '../lib/places.ts';
import { CALL_PLACES, TOOL, TOOL_NAMES } from '../dialog/contract/tool-names.ts';
import type { ConfigDocument } from './document.ts';
import { didYouMean } from './nearest.ts';
import { found, type Path, type Problem } from './problems.ts';
import { items, problemAt, textAt, valueAt } from './validate.ts';

/** The tools that an agent is allowed: known ones, and such as it has what they need. */
export function agentTools(document: ConfigDocument, agent: Path): Problem[] {
  const own = items(document.data, ['httpTools']).map((path) => textAt(document, [...path, 'name']) ?? '');
  const names = [...TOOL_NAMES, ...own];
  const count = (key: string, at: Path = agent): number => items(document.data, [...at, key]).length;
  const knowledge: Path = [...agent, 'knowledge'];
  const lacks: Readonly<Record<string, string | false>> = {
    [TOOL.transfer]: count('transferTargets') === 0 && 'the agent has no transferTargets',
    [TOOL.proceed]: count('departments', knowledge) === 0 && 'the agent has no knowledge.departments',
    [TOOL.takeMessage]:
      String(valueAt(document.data, [...knowledge, 'takesMessages'])) === 'false' &&
      'knowledge.takesMessages is false',
  };
  return items(document.data, [...agent, 'tools']).flatMap((path) => {
    const name = textAt(document, path) ?? '';
    if (!names.includes(name)) {
      const allowed = `allowed: ${names.join(', ')}${didYouMean(name, names)}`;
      return [problemAt(document, path, `${found(name, path)}, ${allowed}`)];
    }
    const lack = lacks[name];
    return lack ? [problemAt(document, path, `found "${name}", but ${lack}`)] : [];
  });
}

/** Own tools: their names are their own, and what their requests leave open can be filled. */
export function httpToolPlaces(document: ConfigDocument): Problem[] {
  return items(document.data, ['httpTools']).flatMap((tool) => {
    const name = textAt(document, [...tool, 'name']) ?? '';
    const taken = TOOL_NAMES.includes(name)
      ? [problemAt(document, [...tool, 'name'], `found "${name}", which is the name of a built-in tool`)]
      : [];
    const properties = Object.keys(sectionAt(document, [...tool, 'parameters', 'properties']));
    const known = [...CALL_PLACES, ...properties];
    // A header may hold a secret, and that a brace: there, what nothing fills stays as it is.
    const url: Path = [...tool, 'url'];
    const places = placesIn(textAt(document, url) ?? '')
      .filter((place) => !known.includes(place))
      .map((place) =>
        problemAt(
          document,
          url,
          `nothing fills {${place}}${didYouMean(place, known)}; known: ${known.join(', ')}`,
        ),
      );
    return [...taken, ...places];
  });
}

function sectionAt(document: ConfigDocument, path: Path): object {
  return fieldsOf(valueAt(document.data, path));
}
