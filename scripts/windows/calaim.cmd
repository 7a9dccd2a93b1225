@"%~dp0python\python.exe" -B -X utf8 -m calaim_cli %*
@exit /b %errorlevel%
