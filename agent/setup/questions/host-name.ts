import { omit, type Question } from '../question.ts';

export const hostName: Question = {
  id: 'hostName',
  isOpen: ({ hostName }) => hostName === undefined,
  prompt: (_, { base }) => ({
    text: 'What is the name of the machine? With or without a domain.',
    label: 'host name',
    preset: base.hostName ?? 'nixos',
  }),
  read: (line, answers) => ({ answers: { ...answers, hostName: line } }),
  without: answers => omit(answers, 'hostName'),
};
