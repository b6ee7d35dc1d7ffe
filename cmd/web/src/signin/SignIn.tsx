import { useLink } from '../store/link';
import { Refused } from './Refused';
import { TokenForm } from './TokenForm';

/** SignIn is what is seen by who may not see anything: a field for the token, or why there
 *  is none. */
export default function SignIn() {
  const link = useLink();
  return link.state === 'refused-host' ? <Refused detail={link.detail} /> : <TokenForm />;
}
