@echo off
rem Runs every test. The twin of the file "test".
dotnet run --project "%~dp0eng\Temper.TestRunner" -c Release -v quiet -- %*
exit /b %errorlevel%
