"""Writes program.c: about 500 lines of C of many kinds, the same each time."""

from __future__ import annotations

from pathlib import Path

HEAD = """\
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    struct node *left, *right;
    long key;
    double weight;
    char label[24];
};
"""

TREE = """
static struct node *insert_{n}(struct node *tree, long key) {{
    if (!tree) {{
        tree = calloc(1, sizeof *tree);
        if (!tree)
            exit(1);
        tree->key = key;
        tree->weight = sqrt(key + {n});
        snprintf(tree->label, sizeof tree->label, "{n}-%ld", key);
    }} else if ((key ^ {salt}) < (tree->key ^ {salt}))
        tree->left = insert_{n}(tree->left, key);
    else
        tree->right = insert_{n}(tree->right, key);
    return tree;
}}

static long sum_{n}(const struct node *tree, int depth) {{
    if (!tree)
        return 0;
    long sum = sum_{n}(tree->left, depth + 1) + sum_{n}(tree->right, depth + 1);
    switch ((tree->key + depth) % {cases}) {{
    case 0: return sum + tree->key * {salt};
    case 1: return sum ^ (long)strlen(tree->label) << {shift};
    case 2: return sum + toupper((unsigned char)tree->label[depth % 3]);
    default: return sum - (long)(tree->weight * {salt}.25);
    }}
}}
"""

CALL = """\
    struct node *tree_{n} = NULL;
    for (long key = 0; key < keys; key++)
        tree_{n} = insert_{n}(tree_{n}, key * {salt} % 251);
    total += sum_{n}(tree_{n}, 0);
"""

TREES = [{"n": n, "salt": 5 * n + 7, "cases": 4 + n % 5, "shift": n % 6} for n in range(15)]


def program() -> str:
    """The whole source text."""
    functions = "".join(TREE.format(**tree) for tree in TREES)
    calls = "".join(CALL.format(**tree) for tree in TREES)
    start = "\nint main(int argc, char **argv) {\n    long total = 0, keys = argc > 1 ? atol(argv[1]) : 200;\n"
    return HEAD + functions + start + calls + '    printf("%ld\\n", total);\n    return 0;\n}\n'


if __name__ == "__main__":
    Path("program.c").write_text(program())
