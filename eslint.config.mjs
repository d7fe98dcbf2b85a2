import tseslint from 'typescript-eslint';

/** What the compiler does not see. Formatting is prettier's part; unused names are the compiler's and knip's. */
export default tseslint.config(
  {
    files: ['agent/**/*.ts', 'image/**/*.ts', 'test/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // tap waits for its own subtests.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafePromises: [
            { from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' },
          ],
        },
      ],
      // Numbers and booleans have one spelling; the rule is for objects and null.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `return fail(…)` ends a function early in one line.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // With noUncheckedIndexedAccess each index may be undefined; `!` says that the bound was checked before.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // The compiler does not see what a closure or a getter changes, and believes the type that we give to JSON.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Whoever reads JSON names its shape.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Whatever an async function throws is a rejection, also where it waits for nothing.
      '@typescript-eslint/require-await': 'off',
      // The compiler's (noUnusedLocals), which knows that `_` takes a field out of an object.
      '@typescript-eslint/no-unused-vars': 'off',
    },
  },
  {
    // Only these parts of node:net are pure; sockets belong to agent/host (.dependency-cruiser.cjs has the other doors).
    files: ['agent/**/*.ts', 'image/**/*.ts'],
    ignores: ['agent/host/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:net', allowImportNames: ['BlockList', 'isIP', 'isIPv4', 'isIPv6'] }] },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Helpers are objects of closures, without `this`.
      '@typescript-eslint/unbound-method': 'off',
      // A decoder that is fuzzed returns "refused", or nothing.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Alphabets are taken apart into code points.
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
);
