import a11y from 'eslint-plugin-jsx-a11y';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['dist', 'build', 'node_modules', 'test-results', 'e2e/out', 'src/api/schema.d.ts'] },
  ...ts.configs.strict,
  { files: ['src/**/*.{ts,tsx}'], ...a11y.flatConfigs.recommended },
  { files: ['src/**/*.{ts,tsx}'], ...hooks.configs.flat['recommended-latest'] },
  {
    rules: {
      'no-console': 'error',
      'react-hooks/incompatible-library': 'off', // we have no compiler of components
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // _ is how a parameter is named that must be there and is not used.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  // What is missing there fails the test.
  { files: ['**/*.test.{ts,tsx}', 'e2e/**', 'src/fake/**'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  { files: ['scripts/**', 'e2e/**'], rules: { 'no-console': 'off' } },
);
