import gzip, pytest
from django.core.management import call_command
from django.core.management.base import CommandError
pytestmark = pytest.mark.django_db
GOOD='case="c"\n[[event]]\ntype="opened"\nat="o"\n'
MAPS={"caseint":GOOD.replace('"c"','5'),"caselist":GOOD.replace('"c"','["c"]'),"delimint":'delimiter=5\n'+GOOD,"encint":'encoding=5\n'+GOOD,"attrstr":'attributes="channel"\n'+GOOD,"typeint":GOOD.replace('"opened"','5'),"event_str":'case="c"\nevent="x"\n',"eventtab":'case="c"\n[event]\ntype="opened"\nat="o"\n',"missint":'missing=5\n'+GOOD,"fmtint":'datetime_format=5\n'+GOOD,"decempty":'decimal=""\n'+GOOD,"tzint":'timezone=5\n'+GOOD, "longtypes":'case="c"\n[long]\ntype="c"\nat="o"\ntypes=5\n',"delimnl":'delimiter="\\n"\n'+GOOD, "badfmt":'datetime_format="%Q"\n'+GOOD}
@pytest.mark.parametrize("name", MAPS)
def test_map(charter,tmp_path,name):
    m=tmp_path/"m.toml"; m.write_text(MAPS[name]); f=tmp_path/"f.csv"; f.write_text("c,o,channel\n1,2026-02-02,web\n")
    try:
        call_command("import_events","vila/requests",str(f),"--mapping",str(m)); print("DONE",name)
    except CommandError as e: print("OK",name,e)
    except Exception as e: print("TRACEBACK",name,repr(e))
@pytest.mark.parametrize("name",["zlib","latin","dup","refused","empty","nul","mid"])
def test_file(charter,tmp_path,name):
    m=tmp_path/"m.toml"; m.write_text(GOOD); f=tmp_path/"f.csv"; extra=[]
    f.write_text("c,o,channel\n1,2026-02-02,web\n")
    if name=="zlib":
        f=tmp_path/"f.csv.gz"; b=bytearray(gzip.compress(b"c,o\n"+b"".join(b"%d,2026-02-02\n"%i for i in range(5000)))); b[60:90]=b"\xff"*30; f.write_bytes(b)
    if name=="latin": f.write_bytes("c,o\n1,2026-02-02\nà,2026-02-02\n".encode("latin-1"))
    if name=="dup": f.write_text("c,o,o\n1,2026-02-02,2026-03-03\n")
    if name=="refused": extra=["--refused","/nonexistent/x.csv"]
    if name=="empty": f.write_text("")
    if name=="nul": f.write_bytes(b"c,o\n1\x00,2026-02-02\n")
    if name=="mid": f.write_bytes(b"c,o\n"+b"".join(b"%d,2026-02-02\n"%i for i in range(10500))+b"\xff,2026-02-02\n")
    try:
        call_command("import_events","vila/requests",str(f),"--mapping",str(m),*extra); print("DONE",name)
    except CommandError as e: print("OK",name,e)
    except Exception as e: print("TRACEBACK",name,repr(e))
    from indicators.models import ServiceEvent; print(ServiceEvent.objects.count())
