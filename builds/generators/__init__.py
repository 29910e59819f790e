"""The generators, one file each, all alike; this tuple is the one list of them."""

from builds.generators.astro import ASTRO
from builds.generators.docusaurus import DOCUSAURUS
from builds.generators.eleventy import ELEVENTY
from builds.generators.gatsby import GATSBY
from builds.generators.hexo import HEXO
from builds.generators.hugo import HUGO
from builds.generators.jekyll import JEKYLL
from builds.generators.mdbook import MDBOOK
from builds.generators.mkdocs import MKDOCS
from builds.generators.nextjs import NEXTJS
from builds.generators.nikola import NIKOLA
from builds.generators.npm_script import NPM_SCRIPT
from builds.generators.pelican import PELICAN
from builds.generators.sphinx import SPHINX
from builds.generators.static import STATIC_FILES
from builds.generators.sveltekit import SVELTEKIT
from builds.generators.vite import VITE
from builds.generators.vitepress import VITEPRESS
from builds.generators.zensical import ZENSICAL
from builds.generators.zola import ZOLA
from builds.projects.generator import Generator

GENERATORS: tuple[Generator, ...] = (
    STATIC_FILES,
    HUGO,
    JEKYLL,
    ELEVENTY,
    ASTRO,
    VITE,
    VITEPRESS,
    DOCUSAURUS,
    NEXTJS,
    SVELTEKIT,
    GATSBY,
    HEXO,
    MKDOCS,
    ZENSICAL,
    SPHINX,
    PELICAN,
    NIKOLA,
    MDBOOK,
    ZOLA,
    NPM_SCRIPT,
)
