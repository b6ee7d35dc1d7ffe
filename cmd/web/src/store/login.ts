import type { ApiProblem } from '../api/problem';
import { Cell } from './cell';

/** refusedCode is why the code of a link did not sign in: the screen of the token says it. */
export const refusedCode = new Cell<ApiProblem | undefined>(undefined);
