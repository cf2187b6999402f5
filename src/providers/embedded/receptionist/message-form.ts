import { TOOL } from '../../../dialog/contract/tool-names.ts';
import type { CallInfo } from '../../../dialog/contract/call-info.ts';
import { nameIn } from './caller-name.ts';
import { digitsIn, readDigits } from './spoken-digits.ts';
import { say } from './questions.ts';
import { asking, EMPTY_FORM, withForm, type Form, type Reply, type Slot, type State } from './state.ts';
import type { Understanding } from './understand.ts';
import { tokens } from '../words.ts';
import { pick } from './wording.ts';

/** A telephone number has so many digits at least; fewer are waited for. */
const NUMBER_DIGITS_MIN = 6;
/** E.164: 15 at most; some add a prefix. */
const UNKNOWN = 'unknown';
const NUMBER_DIGITS_MAX = 18;
/** After so many failed attempts a slot is left open. */
const TRIES_MAX = 4;

const CALL_BACK_TEXT = 'asked to be called back';

/** What the caller gave as an answer to the form's question. */
interface FormInput {
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
  return say(state, [...lead, ...slotQuestion(slot, form, call)], { kind: 'form', slot });
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
  const filling: Filling = { ...input, state, form, call, heard: heardSlot !== undefined };
  return input.via === 'dtmf' ? fillByKeys(filling, slot) : FILL[slot](filling);
}

/** Nothing usable was heard: the slot is asked for again in other words; after a few times it is left open. */
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
      ? { ...form, name: call.caller.name ?? 'unknown', tries: 0 }
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

/** The caller's answer, and the form that it is meant for. */
interface Filling extends FormInput {
  readonly state: State;
  readonly form: Form;
  readonly call: CallInfo;
  /** The caller has heard the question. */
  readonly heard: boolean;
}

const FILL: Readonly<Record<Slot, (filling: Filling) => Reply | undefined>> = {
  name: fillName,
  'own-number': fillOwnNumber,
  number: fillNumber,
  confirm: confirmNumber,
  text: fillText,
};

/** Goes on with what was understood, from `lead` to the next question. */
function filled({ state, form, call }: Filling, changes: Partial<Form>, ...lead: string[]): Reply {
  return askNext(withForm(state, { ...form, ...changes, tries: 0 }), call, lead);
}

function filledNumber(filling: Filling, digits: string): Reply {
  return filled(filling, { digits: digits.slice(0, NUMBER_DIGITS_MAX), ownOffered: true });
}

function fillName(filling: Filling): Reply | undefined {
  const { form, text, understanding } = filling;
  const found = nameIn(text);
  if (!found || (!found.lead && understanding.acts.length > 0)) return undefined;
  const said = digitsIn(text);
  const digits = said.length >= NUMBER_DIGITS_MIN ? said : form.digits;
  return filled(filling, { name: found.name, digits }, `Thank you, ${found.name}.`);
}

function fillOwnNumber(filling: Filling): Reply | undefined {
  const { call, text, understanding, heard } = filling;
  const digits = digitsIn(text);
  if (digits.length >= 3) return filledNumber(filling, digits);
  if (!heard) return undefined;
  switch (understanding.answer) {
    case 'yes':
      return filled(filling, { digits: ownNumber(call), confirmed: true, ownOffered: true }, 'Good.');
    case 'no':
      return filled(filling, { ownOffered: true }, 'All right.');
    default:
      return undefined;
  }
}

function fillNumber(filling: Filling): Reply | undefined {
  const { form, call, text } = filling;
  const digits = digitsIn(text);
  if (digits !== '') return filledNumber(filling, form.digits + digits);
  const words = ` ${tokens(text).join(' ')} `;
  const own = ownNumber(call);
  if (own !== '' && / (?:this number|same number|this one|calling from|call from) /.test(words)) {
    return filled(filling, { digits: own }, 'Good.');
  }
  const finished = / (?:all|it|finished|end|done) /.test(words);
  return finished && form.digits.length >= 3 ? confirmAsItIs(filling, form.digits) : undefined;
}

/** A short number that the caller says is complete. */
function confirmAsItIs({ state, form, call }: Filling, digits: string): Reply {
  const complete = { ...form, digits, tries: 0 };
  return say(withForm(state, complete), slotQuestion('confirm', complete, call), {
    kind: 'form',
    slot: 'confirm',
  });
}

function confirmNumber(filling: Filling): Reply | undefined {
  const { text, understanding, heard } = filling;
  const digits = digitsIn(text);
  // "No, it is oh seven …": the correction replaces what was understood before.
  if (digits.length >= 3) return filledNumber(filling, digits);
  const renamed = nameIn(text);
  if (renamed?.lead && /name/.test(text)) {
    return filled(filling, { name: renamed.name }, `Thank you, ${renamed.name}.`);
  }
  if (!heard) return undefined;
  switch (understanding.answer) {
    case 'yes':
      return filled(filling, { confirmed: true }, 'Good.');
    case 'no':
      return filled(filling, { digits: '', ownOffered: true }, 'Sorry, once more please.');
    default:
      return undefined;
  }
}

function fillText({ state, form, text, understanding, heard }: Filling): Reply | undefined {
  if (!heard) return undefined;
  const nothing = understanding.answer !== undefined && !understanding.more;
  const said = tokens(text).join(' ');
  return handOver(state, { ...form, text: nothing || said === '' ? CALL_BACK_TEXT : said });
}

function fillByKeys(filling: Filling, slot: Slot): Reply | undefined {
  const { form, text: keys } = filling;
  const digits = keys.replaceAll(/\D/g, '');
  if (slot === 'confirm' || slot === 'own-number') {
    const answer = digits === '1' ? 'yes' : digits === '2' ? 'no' : undefined;
    if (answer) {
      return FILL[slot]({
        ...filling,
        text: '',
        understanding: { acts: [], answer, more: false },
        heard: true,
      });
    }
    return digits.length >= 3 ? filledNumber(filling, digits) : undefined;
  }
  if (slot !== 'number') return undefined;
  const restart = keys.lastIndexOf('*');
  const all = restart < 0 ? form.digits + keys : keys.slice(restart);
  const number = all.replaceAll(/\D/g, '').slice(0, NUMBER_DIGITS_MAX);
  if (keys.endsWith('#') && number.length >= 3) return confirmAsItIs(filling, number);
  return number === form.digits ? undefined : filledNumber(filling, number);
}

/** The caller is told when it has been stored (fold.ts), or that it hasn't. */
function handOver(state: State, form: Form): Reply {
  return {
    sentences: [],
    state: asking(withForm(state)),
    tool: {
      name: TOOL.takeMessage,
      arguments: { name: form.name ?? UNKNOWN, number: form.digits, text: form.text || CALL_BACK_TEXT },
    },
  };
}

/** What they hear then. */
export function thanksFor({ name }: Readonly<Record<string, unknown>>): readonly string[] {
  const thanks = typeof name !== 'string' || name === UNKNOWN ? 'Thank you.' : `Thank you, ${name}.`;
  return [thanks, 'I will pass your message on.'];
}

/** The caller's number, if it is one that can be called back. */
function ownNumber(call: CallInfo): string {
  const { number = '' } = call.caller;
  return /^\+?\d{3,18}$/.test(number) ? number.replace('+', '') : '';
}
