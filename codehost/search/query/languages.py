"""The language of a document, by its name and its first line, for what Python's distributions hold.

Names and aliases are Linguist's, as go-enry (which Zoekt uses) has them. No content is weighed: where one ending serves
several languages (``.h``, ``.m``, ``.pl``), the one that is likeliest beside Python is taken, so ``lang:c`` takes every
``.h``, whereas Zoekt tells C++ headers apart; and editors' mode lines are not read.
"""

import re
from difflib import get_close_matches

# Name: aliases | endings | whole file names | interpreters. A line that begins with a space continues a row.
_TABLE = """
Python: py python3 rusthon | py pyi pyw pyt wsgi gyp gypi tac lmi pyde pyp | SConstruct SConscript wscript .gclient
  DEPS | python python2 python3 py pypy pypy3 uv
Cython: pyrex | pyx pxd pxi
Jupyter Notebook: ipython_notebook | ipynb
Pip Requirements: | | requirements.txt requirements-dev.txt dev-requirements.txt
C: | c h cats idc
C++: cpp | cc cpp cxx c++ hh hpp hxx h++ ipp tcc tpp inl txx ixx
Cuda: | cu cuh
Objective-C: obj-c objc objectivec | m
Objective-C++: obj-c++ objc++ objectivec++ | mm
Metal: | metal
OpenCL: | opencl
CMake: | cmake | CMakeLists.txt
Makefile: bsdmake make mf | mak mk mkfile make | Makefile makefile GNUmakefile BSDmakefile | make
Meson: | | meson.build meson_options.txt
Starlark: bazel bzl | bzl star | BUILD BUILD.bazel WORKSPACE WORKSPACE.bazel MODULE.bazel Tiltfile
M4: | m4 mc
M4Sugar: autoconf | | configure.ac
Assembly: asm nasm | asm a51 nasm
Unix Assembly: gas gnu_asm unix_asm | ms
Fortran: | f f77 for fpp
Fortran Free Form: | f90 f95 f03 f08
Rust: rs | rs
Go: golang | go
Go Module: go.mod go_mod | | go.mod
Java: | java jav jsh
Kotlin: | kt ktm kts
Scala: | scala kojo sbt | | scala
Groovy: | groovy grt gtpl gvy | Jenkinsfile | groovy
Gradle: | gradle
Swift: | swift
C#: csharp cake cakescript | cs csx
F#: fsharp | fs fsi fsx
JavaScript: js node | js cjs mjs es6 jsx jsm | Jakefile | node nodejs
TypeScript: ts | ts cts mts | | deno bun
TSX: | tsx
Vue: | vue
Svelte: | svelte
CoffeeScript: coffee coffee-script | coffee cjsx iced | Cakefile | coffee
CSS: | css
SCSS: | scss
Sass: | sass
Less: less-css | less
HTML: xhtml | html htm hta xht xhtml
Jinja: html+jinja htmldjango django html+django | jinja j2 jinja2
Mako: | mako mao
SVG: | svg
XML: rss xsd wsdl | xml xsd xul rdf plist wsdl xaml csproj props targets
XSLT: xsl | xsl xslt
JSON: geojson jsonl topojson sarif | json geojson jsonl webmanifest avsc har gltf | .watchmanconfig composer.lock
  Pipfile.lock flake.lock
JSON5: | json5
JSON with Comments: jsonc | jsonc code-workspace code-snippets | .babelrc .eslintrc.json .jshintrc tsconfig.json
  jsconfig.json language-configuration.json
YAML: yml | yml yaml mir reek rviz sublime-syntax syntax | .clang-format .clang-tidy .clangd .gemrc CITATION.cff
TOML: | toml | Pipfile poetry.lock pdm.lock uv.lock Cargo.lock Gopkg.lock
INI: dosini | ini cfg cnf lektorproject prefs pro properties | .pylintrc pylintrc .flake8 .coveragerc buildozer.spec
EditorConfig: editor-config | editorconfig | .editorconfig
Git Config: gitconfig gitmodules | gitconfig | .gitconfig .gitmodules
Git Attributes: gitattributes | | .gitattributes
Ignore List: ignore gitignore git-ignore | gitignore | .gitignore .dockerignore .eslintignore .prettierignore
  .npmignore .vscodeignore
Dotenv: | env | .env .env.example .env.sample
CSV: | csv
TSV: tab-seperated_values | tsv vcf
SQL: | sql ddl prc tab udf viw
PLpgSQL: | pgsql
Protocol Buffer: proto protobuf protocol_buffers | proto
Thrift: | thrift
GraphQL: | graphql gql graphqls
Markdown: md pandoc | md markdown mdown mdwn mkd mkdn mkdown livemd ronn scd workbook | contents.lr README.md
reStructuredText: rst | rst rest
Text: fundamental plain_text | txt fr nb no | COPYING LICENSE INSTALL NEWS README.txt readme.txt AUTHORS.txt
  LICENSE.txt
AsciiDoc: | asciidoc adoc asc
TeX: latex | tex aux bbx cbx cls dtx ins ltx mkii mkiv mkvi sty toc
BibTeX: | bib bibtex
Gettext Catalog: pot | po pot
Diff: udiff | diff patch
Shell: sh shell-script bash zsh envrc | sh bash zsh ksh bats command tmux | .bashrc .bash_profile .profile .zshrc
  .envrc PKGBUILD | sh bash zsh dash ksh ash
fish: | fish | | fish
PowerShell: posh pwsh | ps1 psd1 psm1 | | pwsh
Batchfile: bat batch dosbatch winbatch | bat cmd
Dockerfile: containerfile | dockerfile containerfile | Dockerfile Containerfile
Nix: nixos | nix
HCL: terraform | hcl nomad tf tfvars
Lua: | lua rockspec wlua | | lua luajit
Perl: cperl | pl pm perl ph plx psgi | Makefile.PL cpanfile | perl
Ruby: jruby macruby rake rb rbx | rb rake gemspec ru podspec | Gemfile Rakefile Vagrantfile | ruby jruby
PHP: inc | php php3 php4 php5 phps | | php
R: rscript splus | r rd rsx | .Rprofile | Rscript
Julia: | jl | | julia
Haskell: | hs hsc | | runghc runhaskell
OCaml: | ml mli eliom mll mly | | ocaml
Erlang: | erl hrl escript xrl yrl app | rebar.config | escript
Elixir: | ex exs | mix.lock | elixir
Clojure: | clj cljs cljc cljx boot
Common Lisp: lisp | lisp asd lsp cl | | sbcl clisp
Emacs Lisp: elisp emacs | el emacs | .emacs Cask
Scheme: | scm sld sls sps ss | | guile
Vim Script: vim viml nvim vimscript | vim vimrc | .vimrc vimrc
SWIG: | swg swig
Ragel: ragel-rb ragel-ruby | rl
Yacc: | y yacc
Lex: flex | l lex
ANTLR: | g4
Zig: | zig
D: dlang | d di
Nim: | nim nimble nims
Dart: | dart
Linker Script: | ld lds
Roff: groff man manpage nroff troff mdoc | 1 2 3 4 5 6 7 8 9 man me roff tmac
Checksums: checksum hash hashes sum sums | crc32 md5 sha1 sha256 sha512 sha2 sha3 | SHA256SUMS MD5SUMS
""".strip()
_FIRST_LINE = 200
# Script files: "#!", a path, and its last word; env's options and assignments are not the interpreter.
_SHEBANG = re.compile(rb"#!\s*(?:\S*/env\s+(?:-\S+\s+|\w+=\S*\s+)*)?(\S+)")
# python3.11 is python3.
_MINOR = re.compile(r"(\.\d+)+$")
_NO_LANGUAGE = frozenset({"py.typed", "METADATA", "PKG-INFO", "RECORD", "WHEEL", "MANIFEST.in"})


def named(alias: str) -> str | None:
    """The language that goes by ``alias``, which is its name or another, in any case; None: no such language."""
    return _ALIASES.get(_key(alias))


def near(alias: str) -> list[str]:
    """Up to three names that ``alias`` may have been meant for."""
    close = get_close_matches(_key(alias), _ALIASES, n=6, cutoff=0.6)
    return list(dict.fromkeys(_ALIASES[key] for key in close))[:3]


def by_name(path: bytes) -> str | None:
    """The language by the file's name alone: empty when it has none; None when its first line decides."""
    name = path.rsplit(b"/", 1)[-1].decode(errors="replace")
    if name in _NAMES:
        return _NAMES[name]
    _, dot, ending = name.rpartition(".")
    if not dot:
        return None
    return _ENDINGS.get(ending.lower(), "")


def language(path: bytes, content: bytes | None) -> str:
    """The language of a file; empty: unknown. ``content``: None when it is not searched."""
    known = by_name(path)
    if known is not None:
        return known
    shebang = _SHEBANG.match(content[:_FIRST_LINE].split(b"\n", 1)[0]) if content else None
    if shebang is None:
        return ""
    program = shebang[1].rsplit(b"/", 1)[-1].decode(errors="replace")
    return _PROGRAMS.get(_MINOR.sub("", program), "")


def _key(alias: str) -> str:
    return alias.split(",", 1)[0].replace(" ", "_").lower()


def _rows() -> list[tuple[str, list[list[str]]]]:
    rows = []
    for line in _TABLE.replace("\n ", " ").splitlines():
        name, _, rest = line.partition(": ")
        fields = [field.split() for field in rest.split("|")]
        rows.append((name, fields + [[] for _ in range(4 - len(fields))]))
    return rows


_ALIASES = {_key(alias): name for name, fields in _rows() for alias in (name, *fields[0])}
_ENDINGS = {ending: name for name, fields in _rows() for ending in fields[1]}
_NAMES = {file: name for name, fields in _rows() for file in fields[2]} | dict.fromkeys(_NO_LANGUAGE, "")
_PROGRAMS = {program: name for name, fields in _rows() for program in fields[3]}
