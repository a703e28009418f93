"""Templates between `compact` and `endcompact` are written one attribute a line, and sent without the line breaks."""

import pytest
from django.template import Context, Template

CASES = {
    "<p>\n  <b>one</b>\n  <i>two</i>\n</p>": "<p><b>one</b><i>two</i></p>",
    '<p\n  class="a"\n  hidden\n>\n  text\n</p>': '<p class="a" hidden>text</p>',
    '<p class="a\n  {% if yes %} b{% endif %}\n  {% if no %} c{% endif %}">x</p>': '<p class="a b">x</p>',
    '<p\n  {% if no %}id="x"{% endif %}\n  title="a > b\n  c"\n></p>': '<p  title="a > bc"></p>',
    "<b>one</b> and <i>two</i>\n</p>": "<b>one</b> and <i>two</i></p>",
    "<pre>\n  {{ code }}\n</pre>": "<pre>a\n  <b>b</b>\n\n  c</pre>",
    "{# a note #}\n{% if yes %}\n  one\n{% else %}\n  two\n{% endif %}": "one",
}


@pytest.mark.parametrize(("written", "sent"), CASES.items())
def test_line_breaks_of_the_template_are_not_sent(written, sent):
    template = Template("{% load whitespace %}{% compact %}" + written + "{% endcompact %}\n after\n")
    context = Context({"yes": True, "no": False, "code": "a\n  <b>b</b>\n\n  c"}, autoescape=False)
    assert template.render(context) == sent + "\n after\n"
