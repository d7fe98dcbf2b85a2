import { passphraseBytes } from '../../limits.ts';
import { Secret } from '../../secret.ts';
import { chosenRow, omit, type Prompt, type Question, type World } from '../question.ts';
import { strengthOf } from '../strength.ts';

/** Encryption, and its passphrase, twice. */

export const encryption: Question = {
  id: 'encryption',
  isOpen: ({ encryption }) => encryption === undefined,
  prompt: (_, world) => encryptionPrompt(world),
  read: (line, answers, world) => {
    const chosen = chosenRow(encryptionPrompt(world), line);
    if ('problem' in chosen) return chosen;
    if (chosen.name === 'encrypted') return { answers: { ...answers, encryption: 'aes-256-gcm' } };
    const text = 'anyone with access to the disks can read the data';
    return { answers: { ...answers, encryption: 'none' }, remarks: [{ kind: 'note', text }] };
  },
  without: answers => omit(answers, 'encryption'),
};

function encryptionPrompt({ base }: World): Prompt {
  return {
    text: 'Is the data encrypted?',
    rows: [
      { name: 'encrypted', about: ['the machine asks for a passphrase at every start, also over SSH'] },
      { name: 'open', about: ['the machine starts without a question'] },
    ],
    label: 'encryption',
    preset: base.disks?.encryption === 'none' ? 'open' : 'encrypted',
  };
}

export const passphrase: Question = {
  id: 'passphrase',
  isOpen: ({ encryption, passphrase }) => encryption === 'aes-256-gcm' && passphrase === undefined,
  prompt: () => ({
    text: `The passphrase that unlocks the machine, ${passphraseBytes.least} to ${passphraseBytes.most} bytes. Nothing is shown while you type.`,
    label: 'passphrase',
    isSecret: true,
  }),
  read: (line, answers) => {
    const { isStrong, sentence } = strengthOf(line);
    return {
      answers: { ...answers, passphrase: new Secret(line) },
      remarks: [{ kind: isStrong ? 'ok' : 'note', text: sentence }],
    };
  },
  without: answers => omit(answers, 'passphrase', 'isRepeated'),
};

export const repeat: Question = {
  id: 'repeat',
  isOpen: ({ passphrase, isRepeated }) => passphrase !== undefined && isRepeated === undefined,
  prompt: () => ({ text: 'The same passphrase again.', label: 'passphrase', isSecret: true }),
  read: (line, answers) =>
    answers.passphrase?.reveal().equals(Buffer.from(line)) === true
      ? { answers: { ...answers, isRepeated: true } }
      : {
          answers: passphrase.without(answers),
          remarks: [{ kind: 'problem', text: 'the two passphrases differ: type both again' }],
        },
  without: answers => omit(answers, 'isRepeated'),
};
