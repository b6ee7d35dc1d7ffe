import { signIn } from '../api/daemon';
import { toProblem } from '../api/problem';
import { oneTimeCode } from '../app/route';
import { refusedCode } from '../store/login';

/** followCodes signs in by a link that is opened in a page that is there already: the
 *  browser changes the address then, and loads nothing. */
export function followCodes(): () => void {
  const look = () => {
    const code = oneTimeCode(location.hash);
    if (code === undefined) return;
    history.replaceState(null, '', '#/');
    signIn({ code }).catch((e: unknown) => refusedCode.set(toProblem(e)));
  };
  addEventListener('hashchange', look);
  return () => removeEventListener('hashchange', look);
}
