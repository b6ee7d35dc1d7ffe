/** Knob is a setting, and where it comes from. */
export interface Knob<T> {
  value: T;
  from: 'default' | 'flag' | 'environment' | 'file' | 'api';
  fixed: boolean;
}

/** originOf says where a setting comes from; empty: from nowhere but gotor itself. */
export function originOf(k: Knob<unknown>): string {
  switch (k.from) {
    case 'flag': return k.fixed ? 'Fixed by a flag of gotor serve' : 'From a flag of gotor serve';
    case 'environment': return k.fixed ? 'Fixed by the environment of gotor serve' : 'From the environment of gotor serve';
    case 'file': return 'From the file of settings';
    case 'api': return 'Changed here';
    case 'default': return '';
  }
}
