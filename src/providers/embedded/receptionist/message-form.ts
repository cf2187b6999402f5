import { TOOL } from '../../../dialog/tool-names.ts';
import type { CallInfo } from '../../../dialog/call-info.ts';
import { nameIn } from './caller-name.ts';
import { digitsIn, readDigits } from './spoken-digits.ts';
import { asking, EMPTY_FORM, withForm, type Form, type Reply, type Slot, type State } from './state.ts';
import type { Understanding } from './understand.ts';
import { tokens } from '../words.ts';
import { ANYTHING_ELSE, pick } from './wording.ts';

/** A telephone number has so many digits at least; fewer are waited for. */
const NUMBER_DIGITS_MIN = 6;
/** E.164: 15 at most; some add a prefix. */
const NUMBER_DIGITS_MAX = 18;
/** After so many vain attempts at a slot it is left open. */
const TRIES_MAX = 4;

const CALL_BACK_TEXT = 'asked to be called back';

/** What the caller gave as an answer to the form's question. */
export interface FormInput {
  readonly text: string;
  readonly via: 'speech' | 'dtmf';
  readonly understanding: Understanding;
}

/** Begins to take a message. `text`: what the caller said already of it. */
export function beginForm(state: State, call: CallInfo, text: string): Reply {
  const lead = pick(['Of course.', 'Certainly.', 'Sure.'], state.turns);
  return askNext(withForm(state, { ...EMPTY_FORM, text }), call, [lead]);
}

/** The slot that is asked for next. */
function nextSlot(form: Form, call: CallInfo): Slot | undefined {
  if (form.name === undefined) return 'name';
  if (!form.confirmed) {
    if (form.digits.length >= NUMBER_DIGITS_MIN) return 'confirm';
    return form.digits === '' && !form.ownOffered && ownNumber(call) !== '' ? 'own-number' : 'number';
  }
  return form.text === '' ? 'text' : undefined;
}

/** Asks for what is missing still; with nothing missing, hands the message over. */
export function askNext(state: State, call: CallInfo, lead: readonly string[]): Reply {
  const { form } = state;
  if (!form) return { sentences: lead, state };
  const slot = nextSlot(form, call);
  if (!slot) return handOver(state, form);
  return {
    sentences: [...lead, ...slotQuestion(slot, form, call)],
    state: asking(state, { kind: 'form', slot }),
  };
}

function slotQuestion(slot: Slot, form: Form, call: CallInfo): string[] {
  switch (slot) {
    case 'name':
      return [form.tries === 0 ? 'What is your name, please?' : 'Please tell me just your name.'];
    case 'own-number':
      return [`I see you are calling from ${readDigits(ownNumber(call))}.`, 'Shall we call you back there?'];
    case 'number':
      if (form.tries >= 2) return ['Please type the number on your telephone, and end with the hash key.'];
      return form.digits === ''
        ? ['What is your telephone number?']
        : [`I have ${readDigits(form.digits)}.`, 'What comes next?'];
    case 'confirm':
      return form.tries === 0
        ? [`That is ${readDigits(form.digits)}.`, 'Is that right?']
        : [`I have ${readDigits(form.digits)}.`, 'Please say yes or no. Is that right?'];
    case 'text':
      return ['And what is it about?'];
  }
}

/**
 * Takes the caller's answer. Undefined: it was no answer to the form (a question in between, a change of mind).
 */
export function fillForm(state: State, form: Form, call: CallInfo, input: FormInput): Reply | undefined {
  const heardSlot = state.asked?.kind === 'form' ? state.asked.slot : undefined;
  const slot = heardSlot ?? nextSlot(form, call) ?? 'text';
  if (input.via === 'dtmf') return fillByKeys(state, form, call, input.text, slot);
  switch (slot) {
    case 'name':
      return fillName(state, form, call, input);
    case 'own-number':
      return fillOwnNumber(state, form, call, input, heardSlot !== undefined);
    case 'number':
      return fillNumber(state, form, call, input);
    case 'confirm':
      return confirmNumber(state, form, call, input, heardSlot !== undefined);
    case 'text':
      return fillText(state, form, call, input, heardSlot !== undefined);
  }
}

/** Nothing usable was heard: the slot is asked for again, otherwise; after a few times it is left open. */
export function retryForm(state: State, form: Form, call: CallInfo): Reply {
  const slot = nextSlot(form, call);
  const tries = form.tries + 1;
  const lead = pick(['Sorry, I did not get that.', 'I am sorry, once more please.'], tries - 1);
  if (slot === 'text') {
    return tries < 2
      ? askNext(withForm(state, { ...form, tries }), call, [lead])
      : handOver(state, { ...form, text: CALL_BACK_TEXT });
  }
  if (tries < TRIES_MAX) return askNext(withForm(state, { ...form, tries }), call, [lead]);
  const open: Form =
    slot === 'name'
      ? { ...form, name: call.caller.name || 'unknown', tries: 0 }
      : {
          ...form,
          digits: form.digits || ownNumber(call),
          confirmed: true,
          ownOffered: true,
          text: form.text || CALL_BACK_TEXT,
          tries: 0,
        };
  return askNext(withForm(state, open), call, ['Never mind.']);
}

function fillName(
  state: State,
  form: Form,
  call: CallInfo,
  { text, understanding }: FormInput,
): Reply | undefined {
  const found = nameIn(text);
  if (!found || (!found.lead && understanding.acts.length > 0)) return undefined;
  const digits = digitsIn(text);
  const filled: Form = {
    ...form,
    name: found.name,
    digits: digits.length >= NUMBER_DIGITS_MIN ? digits : form.digits,
    tries: 0,
  };
  return askNext(withForm(state, filled), call, [`Thank you, ${found.name}.`]);
}

function fillOwnNumber(
  state: State,
  form: Form,
  call: CallInfo,
  { text, understanding }: FormInput,
  heard: boolean,
): Reply | undefined {
  const digits = digitsIn(text);
  if (digits.length >= 3) return takeDigits(state, { ...form, ownOffered: true }, call, digits);
  if (!heard) return undefined;
  if (understanding.answer === 'yes') {
    const filled = { ...form, digits: ownNumber(call), confirmed: true, ownOffered: true, tries: 0 };
    return askNext(withForm(state, filled), call, ['Good.']);
  }
  if (understanding.answer === 'no') {
    return askNext(withForm(state, { ...form, ownOffered: true, tries: 0 }), call, ['All right.']);
  }
  return undefined;
}

function fillNumber(state: State, form: Form, call: CallInfo, input: FormInput): Reply | undefined {
  const digits = digitsIn(input.text);
  if (digits !== '') return takeDigits(state, form, call, form.digits + digits);
  const words = ` ${tokens(input.text).join(' ')} `;
  const own = ownNumber(call);
  if (own !== '' && / (?:this number|same number|this one|calling from|call from) /.test(words)) {
    return askNext(withForm(state, { ...form, digits: own, tries: 0 }), call, ['Good.']);
  }
  const finished = / (?:all|it|finished|end|done) /.test(words);
  if (finished && form.digits.length >= 3) return confirmAsItIs(state, form, call);
  return undefined;
}

function takeDigits(state: State, form: Form, call: CallInfo, digits: string): Reply {
  const filled = { ...form, digits: digits.slice(0, NUMBER_DIGITS_MAX), ownOffered: true, tries: 0 };
  return askNext(withForm(state, filled), call, []);
}

/** A short number that the caller says is complete. */
function confirmAsItIs(state: State, form: Form, call: CallInfo): Reply {
  return {
    sentences: slotQuestion('confirm', { ...form, tries: 0 }, call),
    state: asking(withForm(state, { ...form, tries: 0 }), { kind: 'form', slot: 'confirm' }),
  };
}

function confirmNumber(
  state: State,
  form: Form,
  call: CallInfo,
  { text, understanding }: FormInput,
  heard: boolean,
): Reply | undefined {
  const digits = digitsIn(text);
  // "No, it is oh seven …": the correction replaces what was understood before.
  if (digits.length >= 3) return takeDigits(state, form, call, digits);
  const renamed = nameIn(text);
  if (renamed?.lead && /name/.test(text)) {
    return askNext(withForm(state, { ...form, name: renamed.name, tries: 0 }), call, [
      `Thank you, ${renamed.name}.`,
    ]);
  }
  if (!heard) return undefined;
  if (understanding.answer === 'yes') {
    return askNext(withForm(state, { ...form, confirmed: true, tries: 0 }), call, ['Good.']);
  }
  if (understanding.answer === 'no') {
    return askNext(withForm(state, { ...form, digits: '', ownOffered: true, tries: 0 }), call, [
      'Sorry, once more please.',
    ]);
  }
  return undefined;
}

function fillText(
  state: State,
  form: Form,
  call: CallInfo,
  { text, understanding }: FormInput,
  heard: boolean,
): Reply | undefined {
  if (!heard) return undefined;
  const nothing = understanding.answer !== undefined && !understanding.more;
  const said = tokens(text).join(' ');
  return handOver(state, { ...form, text: nothing || said === '' ? CALL_BACK_TEXT : said });
}

function fillByKeys(state: State, form: Form, call: CallInfo, keys: string, slot: Slot): Reply | undefined {
  const digits = keys.replaceAll(/\D/g, '');
  if (slot === 'confirm' || slot === 'own-number') {
    const answer = digits === '1' ? 'yes' : digits === '2' ? 'no' : undefined;
    if (answer) {
      const input: FormInput = { text: '', via: 'speech', understanding: { acts: [], answer, more: false } };
      return slot === 'confirm'
        ? confirmNumber(state, form, call, input, true)
        : fillOwnNumber(state, form, call, input, true);
    }
    return digits.length >= 3 ? takeDigits(state, form, call, digits) : undefined;
  }
  if (slot !== 'number') return undefined;
  const restarted = keys.lastIndexOf('*') >= 0;
  const all = (restarted ? '' : form.digits) + (restarted ? keys.slice(keys.lastIndexOf('*')) : keys);
  const filled = { ...form, digits: all.replaceAll(/\D/g, '').slice(0, NUMBER_DIGITS_MAX), tries: 0 };
  if (keys.endsWith('#') && filled.digits.length >= 3) return confirmAsItIs(state, filled, call);
  return filled.digits === form.digits ? undefined : takeDigits(state, filled, call, filled.digits);
}

function handOver(state: State, form: Form): Reply {
  const name = form.name ?? 'unknown';
  const thanks = name === 'unknown' ? 'Thank you.' : `Thank you, ${name}.`;
  return {
    sentences: [thanks, 'I will pass your message on.', pick(ANYTHING_ELSE, state.turns)],
    tool: {
      name: TOOL.takeMessage,
      arguments: { name, number: form.digits, text: form.text || CALL_BACK_TEXT },
    },
    state: asking(withForm(state), { kind: 'anything-else' }),
  };
}

/** The caller's number, if it is one that can be called back. */
function ownNumber(call: CallInfo): string {
  const { number } = call.caller;
  return /^\+?\d{3,18}$/.test(number) ? number.replace('+', '') : '';
}
