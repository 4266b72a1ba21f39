import json

from support import URL, Case, needs


class Stylesheets(Case):
    CSS = b"""@import "/static/web/font.css"; @import '/static/none.css';
a { background: url(/static/web/logo.svg?v=1#x) } b { background: url("/static/web/dot.png") }
c { background: image-set("/static/web/dot.png" 1x, "/static/web/logo.svg" 2x), url(//static/web/dot.png) }
d { background: url(/media/web/dot.png), url(logo.svg), url(/static/missing.png) } /* url(/static/web) */
"""
    RELATIVE = b"""@import "font.css"; @import '/static/none.css';
a { background: url(logo.svg?v=1#x) } b { background: url("dot.png") }
c { background: image-set("dot.png" 1x, "logo.svg" 2x), url(//static/web/dot.png) }
d { background: url(/media/web/dot.png), url(logo.svg), url(/static/missing.png) } /* url(/static/web) */
"""

    def collected(self, backend, css, extra="", published=True):
        app = self.app("django_matrix", extra)
        static = app / "web/static/web"
        (static / "app.css").write_bytes(css)
        (static / "font.css").write_text("i {}\n")
        run = self.collect(app, env={"MATRIX_BACKEND": backend}, published=published)
        self.assertEqual((run.returncode, run.report["failure"]), (0, None), run.stderr)
        return run

    def test_absolute_references_become_relative(self):
        for extra in ("", "STATIC_URL = 'static/'\n", "STATIC_URL = os.environ['STATIC_URL']\n"):
            with self.subTest(extra=extra):
                run = self.collected("plain", self.CSS, extra)
                self.assertEqual((run.into / "web/app.css").read_bytes(), self.RELATIVE)
                self.assertEqual(run.report["relative_references"], {"web/app.css": 5})

    def test_they_are_hashed_as_plain_collectstatic_hashes_them(self):
        css = b"a { background: url(/static/web/logo.svg) }\n"
        app = self.app("django_matrix")
        (app / "web/static/web/app.css").write_bytes(css)
        own = self.own_files(app, env={"MATRIX_BACKEND": "manifest"})
        hashed = json.loads(own["staticfiles.json"])["paths"]
        self.assertIn(hashed["web/logo.svg"].encode(), own[hashed["web/app.css"]])
        run = self.collected("manifest", css)
        paths = json.loads((run.into / "staticfiles.json").read_text())["paths"]
        name = paths["web/logo.svg"]
        self.assertEqual(name, hashed["web/logo.svg"])
        expected = b'a { background: url("%s") }\n' % name.rpartition("/")[2].encode()
        self.assertEqual((run.into / paths["web/app.css"]).read_bytes(), expected)

    def test_nothing_else_changes(self):
        run = self.collected("plain", self.CSS, published=False)
        self.assertEqual((run.into / "web/app.css").read_bytes(), self.CSS)
        run = self.collected("plain", self.RELATIVE)
        self.assertEqual((run.into / "web/app.css").read_bytes(), self.RELATIVE)
        self.assertEqual(run.report["relative_references"], {})


class References(Case):
    TEMPLATE = """{% load static %}
<link href="{% static 'web/app.css' %}">{# {% static "web/comment.css" %} #}
{% comment %}
{% static "web/comment.css" %}
{% endcomment %}
<img src="{{ root_url }}{% static "web/logo.svg" %}">{% static name %}{% static "web/"|add:x %}{% static 'web/' %}
<img src="{%static 'web/gone.png' as gone%}" data-x=https://x{% static 'web/dot.png' %}>
{{ x }}{% static "web/dot.png" as dot %}{% verbatim %}{{ y }}{% static "web/verbatim.css" %}{% endverbatim %}
"""
    MODULE = """from django import forms
from django.conf.urls.static import static as serve
from django.templatetags.static import static as s
from django.contrib.staticfiles.storage import staticfiles_storage
serve("never")
NAMES = [s("web/a.js"), staticfiles_storage.url("web/b.js"), s(NAME)]
JOINED = [BASE + s("web/a.js"), f"{BASE}{s('web/a.js')}", f"{s('web/a.js')}?x"]
FORMATTED = ["%s%s" % (BASE, s("web/a.js")), "{}{}".format(BASE, s("web/a.js")), "{b}{}".format(s("web/a.js"), b=BASE)]
PARTS = ["<img src='%s' alt='%s'>" % (s("web/a.js"), BASE), "{}".format(s("web/a.js")), "%(x)s" % {}]
PARTS += [f'<img src="{s("web/a.js")}">', '<img src="' + s("web/a.js") + '">']
class Form:
    class Media:
        css = {"all": ["web/c.css", "https://x/c.css"]}
        js = ("web/d.js", "/static/d.js")
widget = forms.Media(js=["web/e.js"], css={"all": ["web/f.css"]})
"""

    def test_names_have_places_and_urls(self):
        app = self.app("django_matrix")
        self.write(app / "web/templates/web/more.html", self.TEMPLATE)
        self.write(app / "web/widgets.py", self.MODULE)
        self.write(app / "web/broken.py", "static(")
        for backend in ("plain", "manifest"):
            run = self.collect(app, env={"MATRIX_BACKEND": backend})
            found = {f"{it['file']}:{it['line']}": name for name, it in run.report["references"].items()}
            more = sorted(place for place in found if "page.html" not in place)
            template = [f"web/templates/web/more.html:{line}" for line in (2, 6, 7)]
            self.assertEqual(more, [*template, *(f"web/widgets.py:{line}" for line in (12, 15, 6))])
            names = set(run.report["references"])
            self.assertLess({"web/a.js", "web/b.js", "web/c.css", "web/d.js", "web/e.js", "web/f.css"}, names)
            self.assertFalse({"never", "web/comment.css", "web/verbatim.css", "web/"} & names)
            joined = [f"{it['file']}:{it['line']}" for it in run.report["joined_links"]]
            self.assertEqual(
                joined,
                [
                    "web/templates/web/more.html:6",
                    "web/templates/web/more.html:7",
                    *["web/widgets.py:7"] * 2,
                    *["web/widgets.py:8"] * 3,
                ],
            )
            answers = run.report["hooked_urls"]["references"]
            self.assertTrue(answers["web/app.css"]["url"].startswith(URL + "web/app."))
            gone = answers["web/gone.png"]
            if backend == "plain":
                self.assertEqual(gone, {"url": URL + "web/gone.png", "error": None})
            else:
                self.assertIn("Missing staticfiles manifest entry for 'web/gone.png'", gone["error"])

    def places(self, run, kind):
        return [f"{it['file'].rpartition('/')[2]}:{it['line']}" for it in run.report[kind]]

    def test_links_that_another_host_breaks(self):
        app = self.app("django_matrix")
        template = "{% load static %}\nhttps://h{{ STATIC_URL }}x {{ STATIC_URL }}y https://h{% get_static_prefix %}\n"
        template += "{% static item.file %}\n<svg><use href=\"{% static 'web/logo.svg' %}#x\"></use></svg>\n"
        template += "navigator.serviceWorker.register('{% static \"web/app.js\" %}')\n"
        template += "<!-- {% static 'web/in-a-comment.css' %} -->\n"
        self.write(app / "web/templates/web/more.html", template)
        module = (
            "from django.conf import settings\nfrom django.contrib.staticfiles.storage import staticfiles_storage\n"
        )
        module += "LINKS = [f'{host}{settings.STATIC_URL}x.png', 'https://h' + staticfiles_storage.url('web/app.js')]\n"
        module += "def routes(app):\n    app.mount(settings.STATIC_URL, None)\n"
        self.write(app / "web/links.py", module)
        run = self.collect(app, env={"MATRIX_BACKEND": "plain"})
        self.assertEqual((run.returncode, run.report["failure"]), (0, None), run.stderr)
        self.assertEqual(self.places(run, "joined_links"), ["more.html:2", "more.html:2", "links.py:3", "links.py:3"])
        self.assertEqual(self.places(run, "dynamic_links"), ["more.html:3"])
        self.assertEqual(self.places(run, "same_origin_links"), ["more.html:4", "more.html:5"])
        self.assertEqual(self.places(run, "static_routes"), ["links.py:5"])
        self.assertNotIn("web/in-a-comment.css", run.report["references"])

    def test_a_host_before_a_link_in_the_template_of_a_package(self):
        settings = "import sys\nsys.path.insert(0, str(BASE_DIR / 'site-packages'))\nINSTALLED_APPS.append('kit')\n"
        app = self.app("django_basic", settings)
        kit = app / "site-packages/kit"
        self.write(kit / "__init__.py", "")
        joined = "{% load static %}\n<meta content=\"https://h{% static 'web/app.css' %}\">"
        self.write(kit / "templates/kit/page.html", "{% extends 'kit/base.html' %}")
        for name in ("base", "overridden", "not_used"):
            self.write(kit / f"templates/kit/{name}.html", joined)
        self.write(app / "web/templates/kit/overridden.html", "{% load static %}{% static 'web/app.css' %}")
        self.write(
            app / "web/templates/web/more.html", "{% extends 'kit/page.html' %}{% include 'kit/overridden.html' %}"
        )
        run = self.collect(app)
        self.assertEqual((run.returncode, run.report["failure"]), (0, None), run.stderr)
        self.assertEqual(run.report["joined_links"], [{"file": "site-packages/kit/templates/kit/base.html", "line": 2}])

    def test_links_by_hand(self):
        app = self.app("django_basic")
        page = "<link href='/static/web/app.css?v=1'>\n<img src=/static/web/logo.svg>"
        page += "<img src=\"{% static 'web/dot.png' %}\">"
        page += "<img src='/media/web/dot.png'><img src='/static/{{ name }}'>"
        page += "<style>a { background: url(/static/web/dot.png) }</style>"
        self.write(app / "web/templates/web/more.html", "{% load static %}\n" + page)
        module = "A = '/static/web/' + name, f'/static/web/{name}', '/static/web/{}.js'.format(name)\n"
        module += "B = '/static/', '/static/web/app.js'\n"
        module += "C = open(BASE + '/static/web/app.js'), f'{BASE}/static/web/{name}', BASE + '/static/web/' + name\n"
        module += "D = '<link href=\"/static/web/app.css\">'\n"
        self.write(app / "web/links.py", module)
        self.write(app / "web/paths.py", "A = '/static/web/app.css'\n")
        settings = app / "project/settings.py"
        settings.write_text(settings.read_text() + "\nfrom web import paths\n")
        self.write(app / "web/tests.py", "assert url == '/static/web/app.js'\n")
        urls = app / "project/urls.py"
        urls.write_text(urls.read_text() + "\nFAVICON = '/static/web/logo.svg'\n")
        routes = urls.read_text().count("\n")
        run = self.collect(app)
        links = run.report["links_by_hand"]
        found = [(f"{it['file'].rpartition('/')[2]}:{it['line']}", it["path"], it["written"]) for it in links]
        self.assertEqual(
            [link for link in found if link[2] == "joined"],
            [("links.py:1", "/static/web/", "joined")] * 3,
        )
        self.assertLessEqual(
            {
                ("more.html:2", "/static/web/app.css", "whole"),
                ("more.html:3", "/static/web/logo.svg", "whole"),
                ("more.html:3", "/static/web/dot.png", "whole"),
                (f"urls.py:{routes}", "/static/web/logo.svg", "whole"),
                ("links.py:2", "/static/web/app.js", "whole"),
                ("links.py:4", "/static/web/app.css", "whole"),
            },
            set(found),
        )
        self.assertFalse([link for link in found if link[0] in ("links.py:3", "tests.py:1")])
        self.assertIn(("paths.py:1", "/static/web/app.css", "in_settings"), found)

    @needs("jinja2")
    def test_links_by_hand_in_templates_of_jinja(self):
        engine = "{'BACKEND': 'django.template.backends.jinja2.Jinja2', 'DIRS': [BASE_DIR / 'jinja']}"
        app = self.app("django_basic", f"TEMPLATES.insert(0, {engine})\n")
        link = "<img src='/static/web/logo.svg'>"
        # Of one name, an engine gets only its own.
        self.write(app / "jinja/web/more.html", link)
        self.write(app / "web/templates/web/more.html", link)
        run = self.collect(app)
        links = {it["file"]: it["written"] for it in run.report["links_by_hand"]}
        self.assertEqual(links, {"jinja/web/more.html": "in_jinja", "web/templates/web/more.html": "whole"})

    @needs("jinja2")
    def test_engines_that_share_a_directory_are_asked(self):
        app = self.app("django_basic")
        path = app / "project/settings.py"
        path.write_text(path.read_text() + "TEMPLATES.append({'BACKEND': 'project.engine.Jinja', 'APP_DIRS': True})\n")
        self.write(
            app / "project/engine.py",
            "from django.template import TemplateDoesNotExist\nfrom django.template.backends.jinja2 import Jinja2\n"
            "class Jinja(Jinja2):\n    app_dirname = 'templates'\n"
            "    def get_template(self, name):\n"
            "        if not name.endswith('.jinja'): raise TemplateDoesNotExist(name)\n"
            "        return super().get_template(name)\n",
        )
        settings = path.read_text()
        path.write_text(settings + "TEMPLATES.reverse()\n")
        link = "<img src='/static/web/logo.svg'>"
        self.write(app / "web/templates/web/a.jinja", link)
        self.write(app / "web/templates/web/b.html", link)
        run = self.collect(app)
        links = {it["file"].rpartition("/")[2]: it["written"] for it in run.report["links_by_hand"]}
        self.assertEqual(links, {"a.jinja": "in_jinja", "b.html": "whole"}, run.stderr)

    def test_what_is_no_link_by_hand(self):
        app = self.app("django_basic")
        page = "{% if request.path == '/static/web/app.css' %}(/static/web/app.css){% endif %}"
        page += "<a href='https://example.com/?next=/static/web/app.css'></a>"
        self.write(app / "web/templates/web/more.html", page)
        self.write(app / "web/more.py", '"""The stylesheet (/static/web/app.css) and href=/static/web/app.css."""\n')
        self.assertEqual(self.collect(app).report["links_by_hand"], [])

    def test_routes_that_are_put_together(self):
        app = self.app("django_basic")
        urls = app / "project/urls.py"
        redirect = "path('favicon.ico', RedirectView.as_view(url='/static/web/logo.svg'))"
        urls.write_text(
            "from django.conf import settings\nfrom django.conf.urls.static import static\n"
            "from django.urls import path\nfrom django.views.generic import RedirectView\n"
            f"urlpatterns = [{redirect}] + static('/media/', document_root='x')\n"
        )
        self.assertEqual(self.places(self.collect(app), "links_by_hand"), ["urls.py:5"])

    def test_a_template_that_is_a_link_and_routes_that_are_not_there(self):
        app = self.app("django_basic", "ROOT_URLCONF = 'project.nowhere'\n")
        self.write(app / "shared/x.html", "<img src='/static/web/logo.svg'>")
        (app / "web/templates/web/more.html").symlink_to(app / "shared/x.html")
        run = self.collect(app)
        self.assertIsNone(run.report["references_error"])
        self.assertEqual(self.places(run, "links_by_hand"), ["more.html:1"])

    def test_where_the_app_serves_by_itself(self):
        cases = {
            "STATIC_URL = 'files/'": "/files/",
            "STATIC_URL = os.environ.get('STATIC_URL', '/assets/')": "/assets/",
            "STATIC_URL = os.environ.get(key='STATIC_URL', default='/assets/')": "/assets/",
            "STATIC_URL = os.getenv('STATIC_URL', 'assets/')": "/assets/",
            "STATIC_URL = os.environ['STATIC_URL']": "/static/",
            "STATIC_URL = 'https://cdn.example/x/'": "/static/",
        }
        for line, path in cases.items():
            with self.subTest(line=line):
                run = self.collect(self.app("django_basic", f"import os\n{line}\n"))
                self.assertEqual(run.report["own_path"], path, run.stderr)

    def test_whitenoise_serves_at_the_path_of_the_url_only(self):
        follows = "import os\nSTATIC_URL = os.environ['STATIC_URL']\n"
        script_name = "FORCE_SCRIPT_NAME = '/app'\nSTATIC_URL = 'static/'\n"
        for extra, serves in (
            ("", True),
            (follows, False),
            (follows + "WHITENOISE_STATIC_PREFIX = '/static/'\n", True),
            ("WHITENOISE_STATIC_PREFIX = '/other'\n", False),
            ("WHITENOISE_STATIC_PREFIX = False\n", True),
            ("STATIC_URL = 'https://cdn.example/x/'\n", False),
            (script_name, True),
            (script_name + "WHITENOISE_STATIC_PREFIX = '/static/'\n", True),
        ):
            with self.subTest(extra=extra):
                run = self.collect(self.app("django_matrix", extra), env={"MATRIX_BACKEND": "whitenoise"})
                server = run.report["server"]
                self.assertEqual(server["serves_own_path"], serves, run.stderr)
                self.assertEqual(server["prefix"], "/static/")
        self.assertIsNone(self.collect(self.app("django_matrix")).report["server"])

    def test_what_can_not_be_read_is_no_failure(self):
        app = self.app("django_basic", "TEMPLATES.append({'BACKEND': 'no.such.Engine'})\n")
        self.write(app / "web/generated.py", "static = " + " + ".join(['"a"'] * 20_000))
        self.write(app / "web/marked.py", "\ufefffrom django.templatetags.static import static\nstatic('web/a.js')\n")
        run = self.collect(app)
        self.assertEqual((run.returncode, run.report["failure"]), (0, None), run.stderr)
        self.assertIn("ModuleNotFoundError", run.report["references_error"])
        path = app / "project/settings.py"
        path.write_text(path.read_text().rpartition("TEMPLATES.append")[0])
        run = self.collect(app)
        self.assertIsNone(run.report["references_error"])
        self.assertIn("web/a.js", run.report["references"])

    def test_entries_that_a_committed_manifest_had(self):
        app = self.app("django_matrix")
        manifest = {"version": "1.1", "paths": {"web/app.css": "web/app.1.css", "old.css": "old.1.css"}}
        self.write(app / "staticfiles/staticfiles.json", json.dumps(manifest))
        run = self.collect(app, env={"MATRIX_BACKEND": "manifest"})
        self.assertEqual(run.report["vanished"], ["old.css"])
