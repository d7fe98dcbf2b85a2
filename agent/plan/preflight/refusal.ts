import { DabeiError, type ErrorCode } from '../../errors.ts';

const doing = 'preparing to leave this system';

export function refusal(code: ErrorCode, problem: string, remedy: string): DabeiError {
  return new DabeiError(code, { doing, problem, remedy });
}
